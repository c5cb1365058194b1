"""S3's XML bodies: how large, how deep and of what kind they may be, over raw requests."""

import hashlib
import re

import pytest

from signed import Request


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="test-s3-xml")
    return "test-s3-xml"


def post(server, path: str, body: bytes):
    """Status, code and text of the answer to a signed document."""
    headers = {"Content-Type": "application/xml", "X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}
    answer = Request(path, body, headers, service="s3").signed(server.api).send(server.api)
    code = re.search(rb"<Code>(.*?)</Code>", answer.body)
    text = re.search(rb"<Message>(.*?)</Message>", answer.body, re.DOTALL)
    return answer.status, code and code[1].decode(), text[1].decode() if text else "", answer


def listed(*keys: str) -> str:
    return "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)


def delete(server, bucket, document: str | bytes):
    body = document if isinstance(document, bytes) else document.encode()
    return post(server, f"/{bucket}?delete=", body)


@pytest.mark.parametrize(
    "key, written",
    [
        ("plain", "plain"),
        ("a&b<c>", "a&amp;b&lt;c&gt;"),
        ("a&b<c>", "<![CDATA[a&b<c>]]>"),
        ("one two", "one<![CDATA[ ]]>two"),
        ("ü", "&#xFC;"),
        ("commented", "comm<!-- <Key>no</Key> -->ented"),
    ],
)
def test_keys_are_read_however_xml_writes_them(server, s3, bucket, key, written):
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    status, code, _, _ = delete(server, bucket, f"<Delete>{listed(written)}</Delete>")
    assert (status, code) == (200, None)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "document, said",
    [
        (f'<!DOCTYPE d [<!ENTITY l0 "ha">{LAUGHS}]><Delete>{listed("&l9;")}</Delete>', "document type"),
        (f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>{listed("&x;")}</Delete>', "document type"),
        (f'<!DOCTYPE d SYSTEM "http://127.0.0.1:1/d.dtd"><Delete>{listed("k")}</Delete>', "document type"),
        (f'<Delete>{listed("&unknown;")}</Delete>', "not well-formed"),
        (f'<Delete>{listed("k")}', "too early"),
        ("<Delete>" + "<a>" * 1000 + "</a>" * 1000 + "</Delete>", "nested"),
        ("<Delete>" + "<a>" * 300_000, "nested"),
        ("</Delete>", "did not begin"),
        ("<Delete></Delete>", ""),
        ("<Other/>", "not well-formed"),
        ("not xml", "not well-formed"),
        (b"<Delete>\xff\xfe<Object><Key>\xff</Key></Object></Delete>", "not well-formed"),
        (f'<Delete>{listed(*(f"k{n}" for n in range(1001)))}</Delete>', "1 to 1000"),
    ],
    ids=["laughs", "file", "dtd", "entity", "cut", "deep", "deeper", "unbegun", "empty", "other", "text", "bytes", "many"],
)
def test_documents_that_are_none_are_refused(server, bucket, document, said):
    status, code, text, _ = delete(server, bucket, document)
    assert (status, code) == (400, "MalformedXML")
    assert said in text


def test_a_document_is_as_long_as_control_bodies_may_be(start_server):
    own = start_server("--limit", "control-bytes-max=100000", ephemeral=True)
    s3 = own.client("s3")
    s3.create_bucket(Bucket="bucket")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="k")["UploadId"]
    parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>x</ETag></Part>" for n in range(1, 3000))
    complete = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    assert len(complete) > 100_000
    keys = "".join(f"<Object><Key>{'k' * 200}{n}</Key></Object>" for n in range(1000))
    for path, body in [
        (f"/bucket/k?uploadId={upload}", complete),
        ("/bucket?delete=", f"<Delete>{keys}</Delete>".encode()),
    ]:
        status, code, text, answer = post(own, path, body)
        assert (status, code) == (400, "MaxMessageLengthExceeded"), path
        assert "control-bytes-max" in text
        assert answer.headers["connection"] == "close"
        assert own.client("s3").list_buckets()["Buckets"], "others are served"
    text = Request("/_clary/metrics", b"", {}, "GET").send(own.api).body.decode()
    assert 'clary_limits_enforced_total{limit="control-bytes-max"} 2' in text


def test_ten_thousand_parts_with_checksums_fit(server, s3, bucket):
    """The longest list that S3 allows: none of the parts is there, but all are read."""
    place = {"Bucket": bucket, "Key": "many"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    part = (
        "<Part><ChecksumSHA256>ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=</ChecksumSHA256>"
        '<ETag>"900150983cd24fb0d6963f7d28e17f72"</ETag><PartNumber>{}</PartNumber></Part>'
    )
    parts = "".join(part.format(number) for number in range(1, 10_001))
    body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    status, code, _, _ = post(server, f"/{bucket}/many?uploadId={upload}", body)
    assert (status, code) == (400, "InvalidPart")
    s3.abort_multipart_upload(**place, UploadId=upload)


def test_a_document_that_is_not_the_one_signed_is_refused(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    body = f"<Delete>{listed('kept')}</Delete>".encode()
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(b"another").hexdigest()}
    request = Request(f"/{bucket}?delete=", body, headers, service="s3")
    answer = request.signed(server.api).send(server.api)
    assert (answer.status, b"XAmzContentSHA256Mismatch" in answer.body) == (400, True)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_condition_that_does_not_hold_is_named(s3, bucket, refused):
    s3.put_object(Bucket=bucket, Key="condition", Body=b"x")
    write = {"Bucket": bucket, "Key": "condition", "Body": b"y"}
    for call, condition, name in [
        (s3.put_object, write | {"IfNoneMatch": "*"}, "If-None-Match"),
        (s3.put_object, write | {"IfMatch": '"other"'}, "If-Match"),
        (s3.get_object, {"Bucket": bucket, "Key": "condition", "IfMatch": '"other"'}, "If-Match"),
    ]:
        error = refused(call, **condition)
        assert (error.status, error.code) == (412, "PreconditionFailed")
        assert error.body["Error"]["Condition"] == name
    s3.delete_object(Bucket=bucket, Key="condition")
