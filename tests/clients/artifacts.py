"""Model artifacts: tiny XGBoost models written by hand, and the archives that carry them."""

import io
import json
import tarfile
from pathlib import Path

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::000000000000:role/model"


def leaf(value: float, features: tuple[str, ...] = ("x",)) -> bytes:
    """An XGBoost JSON model with one leaf: a regression that always answers `value`."""
    tree = {
        "base_weights": [value],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0],
        "id": 0,
        "left_children": [-1],
        "loss_changes": [0.0],
        "parents": [2147483647],
        "right_children": [-1],
        "split_conditions": [value],
        "split_indices": [0],
        "split_type": [0],
        "sum_hessian": [1.0],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(len(features)),
            "num_nodes": "1",
            "size_leaf_vector": "1",
        },
    }
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
        "iteration_indptr": [0, 1],
        "tree_info": [0],
        "trees": [tree],
    }
    learner = {
        "attributes": {},
        "feature_names": list(features),
        "feature_types": ["float"] * len(features),
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "0E0",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": str(len(features)),
            "num_target": "1",
        },
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    }
    return json.dumps({"learner": learner, "version": [2, 1, 4]}).encode()


def archive(files: dict[str, bytes] | Path) -> bytes:
    """A model.tar.gz of these files, or of everything in a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        if isinstance(files, Path):
            for path in sorted(files.rglob("*")):
                tar.add(path, arcname=str(path.relative_to(files)), recursive=False)
        else:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
