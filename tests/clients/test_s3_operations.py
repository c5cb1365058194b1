"""Every operation that botocore's model of S3 has is served, or refused by its name."""

import hashlib
import re
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config

import shapes
from server import CLIENT_CONFIG, KEY_ID, REGION, SECRET
from signed import Request

COMPATIBILITY = Path(__file__).resolve().parents[2] / "COMPATIBILITY.md"
MODEL = botocore.session.get_session().get_service_model("s3")
SERVED = re.search(r"^\| S3 \| (.*) \|$", COMPATIBILITY.read_text(), re.MULTILINE)[1].split(", ")
REFUSED = [name for name in MODEL.operation_names if name not in SERVED]
BYTES = b"what was there before"
# Operations that go by the name of the newer one with the same request.
NEWER = {name: f"{name}Configuration" for name in REFUSED if f"{name}Configuration" in REFUSED}


@pytest.fixture(scope="module")
def client(server):
    """A client that leaves the host as it is, and goes to it for directory buckets, too."""
    config = CLIENT_CONFIG.merge(Config(inject_host_prefix=False))
    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
    return boto3.client("s3", REGION, endpoint_url=server.api, config=config, **keys)


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="test-s3-operations")
    return "test-s3-operations"


@pytest.fixture
def kept(s3, bucket):
    """An object that nothing in here may change."""
    s3.put_object(Bucket=bucket, Key="kept", Body=BYTES)
    yield "kept"
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert found == ["kept"]
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == BYTES


def test_the_lists_are_whole():
    assert set(SERVED) <= set(MODEL.operation_names)
    assert len(REFUSED) > 80


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_served_is_refused_by_name(client, bucket, kept, refused, name):
    error = refused(getattr(client, xform_name(name)), **fitting(name, bucket, kept))
    assert (error.status, error.code) == (501, "NotImplemented")
    named, instead = error.message.split(" is not served by clary; ")
    assert named in (f"Operation `{name}`", f"Operation `{NEWER.get(name)}`")
    assert len(instead) > 20


def test_what_was_presigned_is_refused_by_name(server, bucket, kept):
    """With version 2, too, which the S3 library verifies: first the signature, then the operation."""
    for version in ("s3", "s3v4"):
        presigned = server.client("s3", signature_version=version).generate_presigned_url(
            "get_object_acl", {"Bucket": bucket, "Key": kept}
        )
        answer = get(presigned)
        assert answer.status == 501 and b"`GetObjectAcl`" in answer.body
        answer = get(presigned.replace("Signature=", "Signature=0"))
        assert answer.status == 403 and b"SignatureDoesNotMatch" in answer.body


def get(url: str):
    """The answer to a plain GET."""
    path = url.split("/", 3)[3]
    return Request(f"/{path}", b"", method="GET").send(url.removesuffix(path))


@pytest.mark.parametrize(
    ("verb", "path"),
    [("PATCH", "/test-s3-operations/kept"), ("POST", "/test-s3-operations/kept"), ("PUT", "/")],
)
def test_what_is_no_operation_is_not_allowed(server, kept, verb, path):
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"").hexdigest()}
    answer = Request(path, b"", headers, verb, "s3").signed(server.api).send(server.api)
    assert answer.status == 405
    assert b"<Code>MethodNotAllowed</Code><Message>" in answer.body


@pytest.mark.parametrize("query", ["uploadId=x", "partNumber=1", "partNumber=1&uploadIds=x"])
def test_half_a_part_does_not_replace_the_object(server, bucket, kept, query):
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"a part").hexdigest()}
    request = Request(f"/{bucket}/{kept}?{query}", b"a part", headers, "PUT", "s3")
    answer = request.signed(server.api).send(server.api)
    assert answer.status == 400
    assert b"<Code>InvalidArgument</Code>" in answer.body and b"`partNumber`" in answer.body


def fitting(name: str, bucket: str, key: str) -> dict:
    """The least members of a call, about the object that is there."""
    shape = MODEL.operation_model(name).input_shape
    members = shapes.fitting(shape) if shape else {}
    if name == "UpdateObjectEncryption":
        members["ObjectEncryption"] = {"SSEKMS": {"KMSKeyArn": "arn:aws:kms:us-east-1:0:key/a"}}
    places = {"Bucket": bucket, "Key": key}
    return members | {member: place for member, place in places.items() if member in members}
