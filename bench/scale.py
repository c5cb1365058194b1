"""Deploys many endpoints on a running server, each with a model of its own.

Every model is one of random trees, saved by hand in XGBoost's JSON and like no other, so that
nothing can be shared between endpoints. Prints the bytes of all model files.
"""

import argparse
import io
import json
import random
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::000000000000:role/model"
FEATURES = 8
DEPTH = 5
TREES = 20
# Calls of the control plane at a time.
CALLERS = 8
POLL_SECONDS = 0.005


def tree(number: int, chance: random.Random) -> dict:
    """A complete tree with random splits and leaves."""
    inner, nodes = 2**DEPTH - 1, 2 ** (DEPTH + 1) - 1
    children = [2 * node + 1 if node < inner else -1 for node in range(nodes)]
    return {
        "base_weights": [0.0] * nodes,
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0] * nodes,
        "id": number,
        "left_children": children,
        "loss_changes": [0.0] * nodes,
        "parents": [2147483647, *((node - 1) // 2 for node in range(1, nodes))],
        "right_children": [child + 1 if child > 0 else -1 for child in children],
        "split_conditions": [round(chance.gauss(0, 1), 4) for _ in range(nodes)],
        "split_indices": [chance.randrange(FEATURES) if child > 0 else 0 for child in children],
        "split_type": [0] * nodes,
        "sum_hessian": [1.0] * nodes,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(FEATURES),
            "num_nodes": str(nodes),
            "size_leaf_vector": "1",
        },
    }


def model(seed: int) -> bytes:
    """A regression of random trees."""
    chance = random.Random(seed)
    booster = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(TREES)},
        "iteration_indptr": list(range(TREES + 1)),
        "tree_info": [0] * TREES,
        "trees": [tree(number, chance) for number in range(TREES)],
    }
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"model": booster, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "5E-1",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": str(FEATURES),
            "num_target": "1",
        },
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    return json.dumps({"learner": learner, "version": [2, 1, 4]}, separators=(",", ":")).encode()


def archive(content: bytes) -> bytes:
    """A model.tar.gz of the one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Deployer:
    """The calls between a model and an endpoint that is being created."""

    def __init__(self, url: str):
        config = Config(
            s3={"addressing_style": "path"},
            max_pool_connections=CALLERS,
            retries={"total_max_attempts": 1},
        )
        session = boto3.Session(region_name="us-east-1")
        self.sm = session.client("sagemaker", endpoint_url=url, config=config)
        self.s3 = session.client("s3", endpoint_url=url, config=config)

    def deploy(self, number: int) -> int:
        """Creates endpoint `small-{number}`; returns the bytes of its model file."""
        name, content = f"small-{number}", model(number)
        self.s3.put_object(Bucket="scale", Key=name, Body=archive(content))
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://scale/{name}"}
        self.sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        variant = {"VariantName": "AllTraffic", "ModelName": name}
        variant |= {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return len(content)

    def wait(self, count: int) -> None:
        """Until no endpoint is on its way; then that many must be in service."""
        while any(self._endpoints(status, 1) for status in ("Creating", "SystemUpdating")):
            time.sleep(POLL_SECONDS)
        served = len(self._endpoints("InService"))
        if served != count:
            raise SystemExit(f"{served} of {count} endpoints are in service")

    def wait_for_restart(self, count: int) -> None:
        """The same, from before the server is up."""
        while True:
            try:
                return self.wait(count)
            except EndpointConnectionError:
                time.sleep(POLL_SECONDS)

    def _endpoints(self, status: str, limit: int | None = None) -> list:
        pages = self.sm.get_paginator("list_endpoints").paginate(
            StatusEquals=status, PaginationConfig={"MaxItems": limit, "PageSize": limit or 100}
        )
        return [endpoint for page in pages for endpoint in page["Endpoints"]]


def main() -> None:
    """Deploys, waits, and says how large the models are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--endpoints", type=int, required=True)
    parser.add_argument("--restart", action="store_true", help="only wait, for a server that is to start")
    arguments = parser.parse_args()
    deployer = Deployer(arguments.url)
    if arguments.restart:
        print("waiting", flush=True)
        return deployer.wait_for_restart(arguments.endpoints)
    deployer.s3.create_bucket(Bucket="scale")
    with ThreadPoolExecutor(CALLERS) as pool:
        sizes = list(pool.map(deployer.deploy, range(arguments.endpoints)))
    deployer.wait(arguments.endpoints)
    print(sum(sizes))


if __name__ == "__main__":
    main()
