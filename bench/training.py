"""Calls a running server in all the ways that its users do, for a build that learns from them.

What is called most here is laid out and inlined for speed in the build that `cargo xtask dist` makes.
The endpoint of the covtype example and the REST API of the movie example have to be there already.
Requests are signed before the first is sent, so that the client costs little beside the server. An
answer that is none of those expected ends the run: a server that refuses would learn to refuse.
"""

import argparse
import itertools
import json
import os
import pathlib
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

EXAMPLE = pathlib.Path(__file__).parent.parent / "examples/covtype"
CONNECTIONS = 8
# Requests of a kind that differ; they are sent again and again.
DISTINCT = 500
TIMEOUT_SECONDS = 60
KIB = 1 << 10
USERS, MOVIES = 943, 1682
# Servers of many endpoints fetch ahead what a call reads.
NEIGHBOURS = [f"neighbour-{number}" for number in range(40)]


@dataclass(frozen=True)
class Kind:
    """One way to call: how many of a thousand calls, what is sent, and which status answers."""

    per_mille: int
    path: str
    content_type: str = "text/csv"
    bodies: list[bytes] = field(default_factory=lambda: [b""])
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    is_rest: bool = False
    status: int = 200


def main():
    arguments = parse_arguments()
    deploy_neighbours(arguments)
    train_calls(arguments)
    train_control_plane(arguments)
    train_storage(arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True, help="where the API listens")
    parser.add_argument("--gateway", help="where REST APIs listen, unless there as well")
    parser.add_argument("--rest-api", required=True, help="the id of the movie example's REST API")
    parser.add_argument("--endpoint", default="covtype", help="the covtype example's endpoint")
    parser.add_argument("--calls", type=int, default=60_000, help="how many calls of endpoints")
    parser.add_argument(
        "--unsigned", action="store_true", help="the server was built to answer without signatures"
    )
    return parser.parse_args()


def kinds(endpoint: str, rest_api: str) -> list[Kind]:
    """The calls of endpoints. One row a call and small requests of REST APIs come most."""
    invocations = f"/endpoints/{endpoint}/invocations"
    rows = (EXAMPLE / "payload.csv").read_bytes().split(b"\n")[:100]
    batches = [b"\n".join(rows[start:] + rows[:start]) for start in range(5)]
    values = [[float(value) for value in row.split(b",")] for row in rows]
    lines = [json.dumps({"features": row}).encode() for row in values]
    sparse = [libsvm(row) for row in values]
    movies = f"/restapis/{rest_api}/dev/_user_request_/predicted-ratings"
    wide = ",".join(str(movie) for movie in range(1, 101))
    some_movies = [f"{movies}/{user % USERS + 1}?items={items(user)}" for user in range(DISTINCT)]
    return [
        Kind(400, invocations, bodies=rows),
        Kind(20, invocations, bodies=batches),
        Kind(40, invocations, bodies=rows, headers={"accept": "application/json"}),
        Kind(40, invocations, "application/jsonlines", lines),
        Kind(40, invocations, "text/libsvm", sparse),
        *(Kind(2, f"/endpoints/{name}/invocations", bodies=rows[:10]) for name in NEIGHBOURS),
        Kind(10, invocations, bodies=[b"1,2,x"], status=424),
        Kind(10, "/endpoints/no-such-endpoint/invocations", bodies=rows, status=400),
        *(Kind(1, path, method="GET", is_rest=True) for path in some_movies[:400]),
        Kind(10, f"{movies}/321?items={wide}", method="GET", is_rest=True),
        Kind(10, f"{movies}/321/nowhere", method="GET", is_rest=True, status=403),
    ]


def items(user: int) -> str:
    return ",".join(str((user * 7 + step) % MOVIES + 1) for step in (0, 30, 61))


def libsvm(row: list[float]) -> bytes:
    pairs = " ".join(f"{column}:{value:g}" for column, value in enumerate(row) if value)
    return f"0 {pairs}".encode()


def train_calls(arguments):
    """Calls of all kinds, mixed as traffic is, eight at a time."""
    api, gateway = (urlsplit(url or arguments.url).netloc for url in (arguments.url, arguments.gateway))
    calls = kinds(arguments.endpoint, arguments.rest_api)
    packed = [(pack(kind, api, arguments.unsigned), kind) for kind in calls]
    schedule = [which for which in packed for _ in range(which[1].per_mille)]
    # A step that shares no divisor with the number of entries visits each of them once a round.
    step = next(step for step in (617, 619, 631) if len(schedule) % step)
    pairs = [(Connection(api), Connection(gateway)) for _ in range(CONNECTIONS)]
    numbers = itertools.islice(itertools.count(0, step), arguments.calls)
    while sent := list(zip(pairs, numbers)):
        for connections, number in sent:
            requests, kind = schedule[number % len(schedule)]
            connections[kind.is_rest].send(requests[number % len(requests)])
        for connections, number in sent:
            _, kind = schedule[number % len(schedule)]
            connections[kind.is_rest].expect(kind)


class Connection:
    """One that is kept open, as clients do."""

    def __init__(self, host: str):
        name, port = host.split(":")
        self.socket = socket.create_connection((name, int(port)), timeout=TIMEOUT_SECONDS)

    def send(self, request: bytes):
        self.socket.sendall(request)

    def expect(self, kind: Kind):
        """Reads one answer, and fails if it has another status than the kind's."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.some()
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
        while len(body) < length:
            body += self.some()
        if int(lines[0].split()[1]) != kind.status:
            raise SystemExit(f"{kind.method} {kind.path} answered {lines[0]!r}: {body!r}")

    def some(self) -> bytes:
        received = self.socket.recv(1 << 16)
        if not received:
            raise SystemExit("the server closed a connection amid an answer")
        return received


def pack(kind: Kind, host: str, unsigned: bool) -> list[bytes]:
    """The bytes of requests of a kind, one for each body."""
    credentials = boto3.Session().get_credentials().get_frozen_credentials()
    requests = []
    for body in kind.bodies:
        headers = {"content-type": kind.content_type, **kind.headers} if body else {}
        request = AWSRequest(kind.method, f"http://{host}{kind.path}", headers, data=body)
        if not (kind.is_rest or unsigned):
            SigV4Auth(credentials, "sagemaker", region()).add_auth(request)
        fields = {"host": host, **dict(request.headers.items()), "content-length": len(body)}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        requests.append(f"{kind.method} {kind.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return requests


def region() -> str:
    return os.environ.get("AWS_DEFAULT_REGION", "us-east-1")


def client(arguments, service: str):
    once = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=arguments.url, config=once)


def deploy_neighbours(arguments):
    """More endpoints of the example's configuration."""
    sagemaker = client(arguments, "sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=arguments.endpoint)["EndpointConfigName"]
    for name in NEIGHBOURS:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    for name in NEIGHBOURS:
        soon = {"Delay": 0.2, "MaxAttempts": 300}
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=soon)


def train_control_plane(arguments):
    """What consoles and deployment scripts ask."""
    sagemaker, gateway = client(arguments, "sagemaker"), client(arguments, "apigateway")
    described = sagemaker.describe_endpoint(EndpointName=arguments.endpoint)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    model = config["ProductionVariants"][0]["ModelName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    role = "arn:aws:iam::000000000000:role/training"
    for number in range(20):
        name = f"training-{number}"
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
        sagemaker.describe_endpoint(EndpointName=arguments.endpoint)
        sagemaker.list_models(NameContains="training", SortBy="Name")
        gateway.get_resources(restApiId=arguments.rest_api, embed=["methods"])
        sagemaker.delete_model(ModelName=name)


def train_storage(arguments):
    """Objects large and small, whole and in parts."""
    s3, bucket = client(arguments, "s3"), "training"
    s3.create_bucket(Bucket=bucket)
    for number in range(200):
        body = bytes([number]) * (KIB << number % 9)
        key = f"folder-{number % 5}/object-{number}"
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        s3.head_object(Bucket=bucket, Key=key)
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    part = b"p" * (5 * KIB * KIB)
    target = {"Bucket": bucket, "Key": "in-parts"}
    upload = {**target, "UploadId": s3.create_multipart_upload(**target)["UploadId"]}
    tags = [s3.upload_part(**upload, PartNumber=n, Body=part)["ETag"] for n in (1, 2)]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    for listed in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": entry["Key"]} for entry in listed["Contents"]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    s3.delete_bucket(Bucket=bucket)


if __name__ == "__main__":
    main()
