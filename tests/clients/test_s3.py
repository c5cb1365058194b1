"""S3 as boto3 uses it: buckets, objects, parts, lists, and what is refused with which code."""

import base64
import hashlib
import http.client
import io
import os
import re
import socket
import subprocess
import sys
import zlib
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from server import CLIENT_CONFIG, KEY_ID, REGION, SECRET, environment

MB = 1024 * 1024
PART_MIN = 5 * MB


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="test-s3")
    return "test-s3"


def body(s3, bucket, key, **members):
    return s3.get_object(Bucket=bucket, Key=key, **members)["Body"].read()


# Buckets


def test_a_bucket_lives_and_dies(s3, refused):
    name = "test-s3-lives"
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    s3.create_bucket(Bucket=name)  # no error in us-east-1
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    listed = {item["Name"]: item["CreationDate"] for item in s3.list_buckets()["Buckets"]}
    assert abs((datetime.now(timezone.utc) - listed[name]).total_seconds()) < 300

    s3.put_object(Bucket=name, Key="k", Body=b"x")
    error = refused(s3.delete_bucket, Bucket=name)
    assert (error.status, error.code) == (409, "BucketNotEmpty")
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    assert refused(s3.head_bucket, Bucket=name).status == 404
    assert refused(s3.delete_bucket, Bucket=name).code == "NoSuchBucket"


def test_bucket_names_have_rules(s3, refused):
    for name in ("Upper", "ab", "a..b", "10.0.0.1", "xn--abc"):
        error = refused(s3.create_bucket, Bucket=name)
        assert (error.status, error.code) == (400, "InvalidBucketName"), name
        assert name in error.message, "the text tells which name, and which rule it breaks"


def test_a_bucket_elsewhere_is_refused(s3, refused):
    elsewhere = {"LocationConstraint": "eu-west-1"}
    error = refused(s3.create_bucket, Bucket="test-s3-far", CreateBucketConfiguration=elsewhere)
    assert error.code == "IllegalLocationConstraintException"


def test_the_expected_owner_is_checked(s3, bucket, refused):
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    error = refused(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="111111111111")
    assert error.status == 403


# Objects


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MB + 1])
def test_an_object_comes_back_whole(s3, bucket, size):
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="whole", Body=data)
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    # boto3 computes a CRC32 by default, and gets it back.
    assert put["ChecksumCRC32"] == base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    got = s3.get_object(Bucket=bucket, Key="whole", ChecksumMode="ENABLED")
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert got["ContentLength"] == size
    assert got["Body"].read() == data
    assert got["ContentType"] == "binary/octet-stream"
    assert "ContentEncoding" not in got


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_of_every_kind(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="sums", Body=b"abc", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="sums", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]
    sums = {
        "CRC32": zlib.crc32(b"abc").to_bytes(4, "big"),
        "SHA1": hashlib.sha1(b"abc").digest(),
        "SHA256": hashlib.sha256(b"abc").digest(),
    }
    assert base64.b64decode(put[f"Checksum{algorithm}"]) == sums[algorithm]


def test_a_wrong_digest_is_refused_and_stores_nothing(s3, bucket, refused):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    cases = [
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumSHA256": base64.b64encode(bytes(32)).decode()}, "BadDigest"),
        ({"ContentMD5": wrong}, "BadDigest"),
        ({"ContentMD5": "not base64"}, "InvalidDigest"),
    ]
    for members, code in cases:
        error = refused(s3.put_object, Bucket=bucket, Key="never", Body=b"abc", **members)
        assert (error.status, error.code) == (400, code), members
    assert refused(s3.get_object, Bucket=bucket, Key="never").code == "NoSuchKey"


def test_headers_come_back(s3, bucket):
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    given = {
        "CacheControl": "no-cache",
        "ContentDisposition": 'attachment; filename="x.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/csv",
        "Metadata": {"owner": "me", "two-words": "a b"},
    }
    s3.put_object(Bucket=bucket, Key="headers", Body=b"x", Expires=expires, **given)
    for reply in (
        s3.head_object(Bucket=bucket, Key="headers"),
        s3.get_object(Bucket=bucket, Key="headers"),
    ):
        assert {name: reply[name] for name in given} == given
        assert reply["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"
        assert reply["AcceptRanges"] == "bytes"
    other = s3.get_object(Bucket=bucket, Key="headers", ResponseContentType="text/plain")
    assert other["ContentType"] == "text/plain"


def test_ranges(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")
    cases = [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-5", b"2345", "bytes 2-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ]
    for asked, expect, content_range in cases:
        got = s3.get_object(Bucket=bucket, Key="range", Range=asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert (got["Body"].read(), got["ContentRange"]) == (expect, content_range)
    error = refused(s3.get_object, Bucket=bucket, Key="range", Range="bytes=10-")
    assert (error.status, error.code) == (416, "InvalidRange")
    for passed_over in ("bytes=0-1,3-4", "bytes=4-2", "rows=1-2"):
        got = s3.get_object(Bucket=bucket, Key="range", Range=passed_over)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert (got["Body"].read(), "ContentRange" in got) == (b"0123456789", False)


def test_conditions_of_reads(s3, bucket, refused):
    etag = s3.put_object(Bucket=bucket, Key="cond", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="cond")["LastModified"]
    read = {"Bucket": bucket, "Key": "cond"}
    assert body(s3, bucket, "cond", IfMatch=etag) == b"x"
    assert body(s3, bucket, "cond", IfUnmodifiedSince=modified) == b"x"
    assert refused(s3.get_object, IfNoneMatch=etag, **read).status == 304
    assert refused(s3.get_object, IfModifiedSince=modified, **read).status == 304
    error = refused(s3.get_object, IfMatch='"other"', **read)
    assert (error.status, error.code) == (412, "PreconditionFailed")


def test_conditions_of_writes(s3, bucket, refused):
    write = {"Bucket": bucket, "Key": "cond-write", "Body": b"x"}
    s3.delete_object(Bucket=bucket, Key="cond-write")
    etag = s3.put_object(IfNoneMatch="*", **write)["ETag"]
    error = refused(s3.put_object, IfNoneMatch="*", **write)
    assert (error.status, error.code) == (412, "PreconditionFailed")
    s3.put_object(IfMatch=etag, **write)
    assert refused(s3.put_object, IfMatch='"other"', **write).status == 412


def test_what_is_missing_is_named(s3, bucket, refused):
    error = refused(s3.get_object, Bucket=bucket, Key="absent")
    assert (error.status, error.code) == (404, "NoSuchKey")
    assert "absent" in error.message
    assert refused(s3.head_object, Bucket=bucket, Key="absent").status == 404
    error = refused(s3.put_object, Bucket="test-s3-none", Key="k", Body=b"x")
    assert (error.status, error.code) == (404, "NoSuchBucket")
    s3.delete_object(Bucket=bucket, Key="absent")  # no error on S3 either


def test_every_reply_has_a_request_id(s3, bucket, refused):
    replies = [
        s3.list_buckets(),
        s3.put_object(Bucket=bucket, Key="id", Body=b"x"),
        s3.head_object(Bucket=bucket, Key="id"),
    ]
    ids = {reply["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"] for reply in replies}
    assert len(ids) == 3
    error = refused(s3.head_object, Bucket=bucket, Key="absent")
    assert error.body["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]


KEYS = ["a", "a/b", "a//b", "/lead", "tail/", "sp ace", "plus+", "per%cent", "q?m", "ha#sh", "é", "日本/語"]
KEYS += ["..", "a/../b", "con\ntrol", "<xml>&\"'", "x" * 1024, "ключ" * 128]


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_keys_that_are_easily_broken(s3, key):
    s3.create_bucket(Bucket="test-s3-keys")
    s3.put_object(Bucket="test-s3-keys", Key=key, Body=key.encode())
    assert body(s3, "test-s3-keys", key) == key.encode()
    listed = s3.list_objects_v2(Bucket="test-s3-keys", Prefix=key)["Contents"]
    assert listed[0]["Key"] == key
    s3.delete_object(Bucket="test-s3-keys", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="test-s3-keys")


def test_a_key_that_is_too_long(s3, bucket, refused):
    error = refused(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"x")
    assert error.code == "KeyTooLongError"
    assert "1024 bytes" in error.message


def test_metadata_has_a_limit(s3, bucket, refused):
    put = {"Bucket": bucket, "Key": "metadata", "Body": b"x"}
    s3.put_object(Metadata={"k": "v" * 2047}, **put)
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/metadata"}
    too_much = {"Metadata": {"k": "v" * 2048}}
    for operation, members in [
        (s3.put_object, put),
        (s3.copy_object, copy | {"MetadataDirective": "REPLACE"}),
        (s3.create_multipart_upload, {"Bucket": bucket, "Key": "parts"}),
    ]:
        error = refused(operation, **members, **too_much)
        assert (error.status, error.code) == (400, "MetadataTooLarge")
        assert "at most 2048" in error.message


def test_copies(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="from ü", Body=b"data", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "from ü"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"a": "1"}
    new = {"Metadata": {"b": "2"}, "MetadataDirective": "REPLACE"}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **new)
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"b": "2"}
    assert body(s3, bucket, "copy") == b"data"
    error = refused(s3.copy_object, Bucket=bucket, Key="from ü", CopySource=source)
    assert error.code == "InvalidRequest"
    absent = {"Bucket": bucket, "Key": "absent"}
    assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=absent).code == "NoSuchKey"


def test_many_objects_are_deleted_at_once(s3, bucket):
    keys = [f"many/{number}" for number in range(5)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    objects = [{"Key": key} for key in [*keys, "many/absent"]]
    reply = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [item["Key"] for item in reply["Deleted"]] == [*keys, "many/absent"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="many/")
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    assert "Deleted" not in quiet


def send(method, url, body=None, headers=None):
    """Calls without boto3; the status, the code of an error, and the body."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    path = f"{place.path}?{place.query}" if place.query else place.path
    connection.request(method, path, body=body, headers=headers or {})
    reply = connection.getresponse()
    answer = reply.read()
    connection.close()
    code = re.search(b"<Code>(.*)</Code>", answer)
    return reply.status, code and code[1].decode(), answer


def test_checksums_in_trailers(s3, bucket):
    """What boto3 sends over TLS only: chunks without signatures, and the checksum after them."""
    credentials = s3._request_signer._credentials
    data = os.urandom(100_000)
    url = f"{s3.meta.endpoint_url}/{bucket}/trailer"
    cases = [
        (zlib.crc32(data), len(data), (200, None)),
        (zlib.crc32(data) ^ 1, len(data), (400, "BadDigest")),
        (zlib.crc32(data), len(data) + 1, (400, "IncompleteBody")),
    ]
    for crc, length, expect in cases:
        chunks = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        trailer = base64.b64encode(crc.to_bytes(4, "big"))
        body += b"0\r\nx-amz-checksum-crc32:" + trailer + b"\r\n\r\n"
        headers = {
            "Content-Encoding": "aws-chunked",
            "X-Amz-Decoded-Content-Length": str(length),
            "X-Amz-Trailer": "x-amz-checksum-crc32",
        }
        request = AWSRequest("PUT", url, headers=headers)
        request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
        S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
        assert send("PUT", url, body, dict(request.headers))[:2] == expect
    got = s3.get_object(Bucket=bucket, Key="trailer", ChecksumMode="ENABLED")
    assert got["Body"].read() == data
    assert got["ChecksumCRC32"] == base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    assert "ContentEncoding" not in got


def test_presigned_urls(s3, bucket):
    place = {"Bucket": bucket, "Key": "pre signed/ü"}
    assert send("PUT", s3.generate_presigned_url("put_object", place), b"data")[0] == 200
    get = s3.generate_presigned_url("get_object", place)
    assert send("GET", get) == (200, None, b"data")
    assert send("GET", get.replace("/pre", "/other"))[:2] == (403, "SignatureDoesNotMatch")


def test_a_call_without_a_signature_is_refused(s3, bucket):
    assert send("GET", f"{s3.meta.endpoint_url}/{bucket}")[:2] == (403, "AccessDenied")


# Lists


@pytest.fixture(scope="module")
def tree(s3):
    s3.create_bucket(Bucket="test-s3-tree")
    keys = ["a", "a/1", "a/2", "a//3", "b/1/x", "b/1/y", "b/2/z", "c", "é/1"]
    for key in keys:
        s3.put_object(Bucket="test-s3-tree", Key=key, Body=b"x")
    return "test-s3-tree", sorted(keys, key=str.encode)


def test_a_list_is_in_the_order_of_bytes(s3, tree):
    bucket, keys = tree
    for listing in (s3.list_objects(Bucket=bucket), s3.list_objects_v2(Bucket=bucket)):
        assert [item["Key"] for item in listing["Contents"]] == keys
        assert {item["Size"] for item in listing["Contents"]} == {1}
        assert not listing["IsTruncated"]
    item = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert item["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
    assert item["StorageClass"] == "STANDARD"


def entries(page):
    keys = [item["Key"] for item in page.get("Contents", [])]
    return keys + [item["Prefix"] for item in page.get("CommonPrefixes", [])]


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_pages_with_a_delimiter_join_up(s3, tree, operation, size):
    cases = {
        "": ["a", "a/", "b/", "c", "é/"],
        "a/": ["a/1", "a/2", "a//"],
        "b/": ["b/1/", "b/2/"],
        "b": ["b/"],
        "none": [],
    }
    pages = s3.get_paginator(operation)
    for prefix, expect in cases.items():
        asked = pages.paginate(
            Bucket=tree[0], Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": size}
        )
        seen = [entry for page in asked for entry in entries(page)]
        assert sorted(seen) == sorted(expect), prefix


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_pages_without_a_delimiter_join_up(s3, tree, operation):
    bucket, keys = tree
    pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [entry for page in pages for entry in entries(page)] == keys


def test_where_a_list_starts(s3, tree, refused):
    bucket, keys = tree
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="b/1/x")
    assert entries(after) == keys[keys.index("b/1/x") + 1 :]
    assert entries(s3.list_objects(Bucket=bucket, Marker="b/1/x")) == entries(after)
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    error = refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="%%%")
    assert error.code == "InvalidArgument"


# Parts


def test_files_go_up_and_down_in_parts(s3, bucket, tmp_path):
    data = os.urandom(20 * MB + 7)
    path = tmp_path / "up"
    path.write_bytes(data)
    config = TransferConfig(multipart_threshold=8 * MB, multipart_chunksize=8 * MB)
    s3.upload_file(str(path), bucket, "big", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="big")
    parts = [data[start : start + 8 * MB] for start in range(0, len(data), 8 * MB)]
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert (head["ContentLength"], head["Metadata"]) == (len(data), {"a": "b"})
    down = tmp_path / "down"
    s3.download_file(bucket, "big", str(down), Config=config)
    assert down.read_bytes() == data
    seam = f"bytes={8 * MB - 2}-{8 * MB + 1}"
    assert body(s3, bucket, "big", Range=seam) == data[8 * MB - 2 : 8 * MB + 2]


def begin(s3, bucket, key):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    return {"Bucket": bucket, "Key": key, "UploadId": upload}


def complete(s3, upload, parts):
    listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})


def test_an_upload_step_by_step(s3, bucket, refused):
    upload = begin(s3, bucket, "steps")
    first = s3.upload_part(**upload, PartNumber=1, Body=b"1" * PART_MIN)["ETag"]
    last = s3.upload_part(**upload, PartNumber=9, Body=b"2")["ETag"]
    page = s3.list_parts(**upload, MaxParts=1)
    assert ([item["PartNumber"] for item in page["Parts"]], page["IsTruncated"]) == ([1], True)
    rest = s3.list_parts(**upload, PartNumberMarker=page["NextPartNumberMarker"])
    assert [(item["PartNumber"], item["Size"]) for item in rest["Parts"]] == [(9, 1)]
    begun = s3.list_multipart_uploads(Bucket=bucket, Prefix="steps")["Uploads"]
    assert [item["UploadId"] for item in begun] == [upload["UploadId"]]

    assert refused(complete, s3, upload, [(9, last), (1, first)]).code == "InvalidPartOrder"
    assert refused(complete, s3, upload, [(1, last)]).code == "InvalidPart"
    assert refused(complete, s3, upload, [(2, first)]).code == "InvalidPart"
    complete(s3, upload, [(1, first), (9, last)])
    assert body(s3, bucket, "steps") == b"1" * PART_MIN + b"2"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="steps")
    error = refused(complete, s3, upload, [(1, first)])
    assert (error.status, error.code) == (404, "NoSuchUpload")


def test_uploads_are_held_to_their_rules(s3, bucket, refused):
    upload = begin(s3, bucket, "rules")
    small = [s3.upload_part(**upload, PartNumber=n, Body=b"small")["ETag"] for n in (1, 2)]
    error = refused(complete, s3, upload, [(1, small[0]), (2, small[1])])
    assert (error.status, error.code) == (400, "EntityTooSmall")
    for number in (0, 10_001):
        error = refused(s3.upload_part, **upload, PartNumber=number, Body=b"x")
        assert error.code == "InvalidArgument"
    error = refused(s3.upload_part, **upload, PartNumber=1, Body=b"x", ChecksumCRC32="AAAAAA==")
    assert error.code == "BadDigest"
    s3.abort_multipart_upload(**upload)
    error = refused(s3.upload_part, **upload, PartNumber=1, Body=b"x")
    assert (error.status, error.code) == (404, "NoSuchUpload")


# Who may call


def test_a_wrong_key_or_secret_is_refused(server, bucket, refused):
    intruder = server.client("s3", secret="wrong")
    error = refused(intruder.list_buckets)
    assert (error.status, error.code) == (403, "SignatureDoesNotMatch")
    error = refused(intruder.put_object, Bucket=bucket, Key="stolen", Body=io.BytesIO(b"x" * MB))
    assert error.code == "SignatureDoesNotMatch"
    stranger = server.client("s3", key_id="AKIDNOBODY0000000000")
    error = refused(stranger.list_buckets)
    assert (error.status, error.code) == (403, "InvalidAccessKeyId")


def test_what_is_not_served_says_so(s3, bucket, refused):
    error = refused(s3.get_bucket_policy, Bucket=bucket)
    assert (error.status, error.code) == (501, "NotImplemented")
    assert "GetBucketPolicy" in error.message
    error = refused(s3.get_object, Bucket=bucket, Key="k", VersionId="1")
    assert error.code == "NotImplemented"


def test_a_bucket_in_the_host_s_name(server, fresh, monkeypatch):
    """With a name as endpoint, botocore puts the bucket before it: `bucket.localhost`."""
    resolve = socket.getaddrinfo

    def local(host, *arguments, **named):
        return resolve("127.0.0.1" if host.endswith("localhost") else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    named = boto3.session.Session().client(
        "s3",
        endpoint_url=server.api.replace("127.0.0.1", "localhost"),
        region_name=REGION,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=CLIENT_CONFIG.merge(Config(s3={"addressing_style": "virtual"})),
    )
    bucket = fresh("hosted")
    named.create_bucket(Bucket=bucket)
    named.put_object(Bucket=bucket, Key="a b/c", Body=b"inside")
    assert named.get_object(Bucket=bucket, Key="a b/c")["Body"].read() == b"inside"
    assert [o["Key"] for o in named.list_objects_v2(Bucket=bucket)["Contents"]] == ["a b/c"]
    assert bucket in [b["Name"] for b in named.list_buckets()["Buckets"]]


# Checksums of parts, copies of parts

SUMS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def encoded(algorithm, data):
    return base64.b64encode(SUMS[algorithm](data)).decode()


@pytest.mark.parametrize("algorithm", SUMS)
def test_parts_have_a_composite_checksum(s3, bucket, algorithm, refused):
    pieces = [os.urandom(PART_MIN), b"end"]
    place = {"Bucket": bucket, "Key": f"composite-{algorithm}"}
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm)
    assert (begun["ChecksumAlgorithm"], begun["ChecksumType"]) == (algorithm, "COMPOSITE")
    upload = place | {"UploadId": begun["UploadId"]}
    member = f"Checksum{algorithm}"
    parts = []
    for number, piece in enumerate(pieces, 1):
        part = s3.upload_part(**upload, PartNumber=number, Body=piece, ChecksumAlgorithm=algorithm)
        assert part[member] == encoded(algorithm, piece)
        parts.append({"PartNumber": number, "ETag": part["ETag"], member: part[member]})
    wrong = [parts[0], parts[1] | {member: parts[0][member]}]
    error = refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": wrong})
    assert error.code == "InvalidPart"
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    joined = b"".join(SUMS[algorithm](piece) for piece in pieces)
    assert done[member] == f"{encoded(algorithm, joined)}-2"
    head = s3.head_object(**place, ChecksumMode="ENABLED")
    assert (head[member], head["ChecksumType"]) == (done[member], "COMPOSITE")
    got = s3.get_object(**place, ChecksumMode="ENABLED")
    assert got["Body"].read() == b"".join(pieces)


def test_parts_have_a_checksum_of_the_whole(s3, bucket, refused):
    pieces = [os.urandom(PART_MIN), b"", b"end"][::2]
    place = {"Bucket": bucket, "Key": "full-object"}
    full = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    begun = s3.create_multipart_upload(**place, **full)
    upload = place | {"UploadId": begun["UploadId"]}
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=piece)["ETag"]}
        for n, piece in enumerate(pieces, 1)
    ]
    listed = {"MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
    error = refused(s3.complete_multipart_upload, **upload, **listed, ChecksumCRC32="AAAAAA==")
    assert error.code == "BadDigest"
    whole = b"".join(pieces)
    crc = encoded("CRC32", whole)
    done = s3.complete_multipart_upload(**upload, **listed, ChecksumCRC32=crc)
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (crc, "FULL_OBJECT")
    got = s3.get_object(**place, ChecksumMode="ENABLED")
    assert (got["ChecksumCRC32"], got["Body"].read()) == (crc, whole)
    error = refused(
        s3.create_multipart_upload, **place, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT"
    )
    assert error.code == "InvalidRequest"


def test_parts_are_copied(s3, bucket, refused):
    data = os.urandom(PART_MIN + 1000)
    s3.put_object(Bucket=bucket, Key="whole ü", Body=data)
    source = {"Bucket": bucket, "Key": "whole ü"}
    upload = begin(s3, bucket, "from-parts")
    first = s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"]
    rest = s3.upload_part_copy(
        **upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=100-299"
    )["CopyPartResult"]
    assert rest["ETag"] == f'"{hashlib.md5(data[100:300]).hexdigest()}"'
    complete(s3, upload, [(1, first["ETag"]), (2, rest["ETag"])])
    assert body(s3, bucket, "from-parts") == data + data[100:300]
    copied = s3.copy_object(Bucket=bucket, Key="copied", CopySource=source, ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == encoded("SHA256", data)
    upload = begin(s3, bucket, "from-parts")
    error = refused(
        s3.upload_part_copy, **upload, PartNumber=1, CopySource=source, CopySourceRange="bytes=x"
    )
    assert error.code == "InvalidArgument"
    s3.abort_multipart_upload(**upload)


def test_the_cli_syncs_many_files(server, tmp_path, fresh):
    """CLARY_SYNC_FILES makes it more."""
    count = int(os.environ.get("CLARY_SYNC_FILES", "500"))
    up, down, bucket = tmp_path / "up", tmp_path / "down", fresh("sync")
    for number in range(count):
        path = up / f"d{number % 20}" / f"f {number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}")
    aws = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", server.api, "s3"]
    secrets = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}

    def run(*arguments):
        env = environment(AWS_DEFAULT_REGION=REGION, **secrets)
        done = subprocess.run([*aws, *arguments], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("mb", f"s3://{bucket}")
    run("sync", str(up), f"s3://{bucket}/p", "--only-show-errors")
    assert run("sync", str(up), f"s3://{bucket}/p") == ""
    run("sync", f"s3://{bucket}/p", str(down), "--only-show-errors")
    sent = {path.relative_to(up): path.read_bytes() for path in up.rglob("*.txt")}
    assert len(sent) == count
    assert {path.relative_to(down): path.read_bytes() for path in down.rglob("*.txt")} == sent
