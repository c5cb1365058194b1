"""Signatures as real signers make them, and every way in which they are refused."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import zlib
from datetime import datetime, timedelta, timezone
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import KEY_ID, REGION, SECRET

OURS = Credentials(KEY_ID, SECRET)


@pytest.fixture(scope="module")
def place(s3):
    """The URL of an object that is there, of bytes `data`."""
    s3.create_bucket(Bucket="signing")
    s3.put_object(Bucket="signing", Key="dir/ü b", Body=b"data")
    return f"{s3.meta.endpoint_url}/signing/dir/%C3%BC%20b"


def send(request: AWSRequest, body: bytes | None = None):
    """Sends what was signed as it stands; status, the error's code, the body."""
    url = urlsplit(request.prepare().url)
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    target = f"{url.path}?{url.query}" if url.query else url.path
    connection.putrequest(request.method, target, skip_accept_encoding=True)
    body = request.data if body is None else body
    for name, value in request.headers.items():
        if name.lower() not in ("content-length", "host"):
            connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    reply = connection.getresponse()
    answer = reply.read()
    connection.close()
    code = re.search(rb"<Code>(.*?)</Code>", answer)
    return reply.status, code and code[1].decode(), answer


def sign_at(signer, request: AWSRequest, when: datetime) -> AWSRequest:
    """Signs as if it were another time."""
    then = when.replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: then):
        signer.add_auth(request)
    return request


def test_a_presigned_url_of_either_version_works(server, place):
    for version in ("s3", "s3v4"):
        client = server.client("s3", signature_version=version)
        target = {"Bucket": "signing", "Key": f"by {version}/ü"}
        put = AWSRequest("PUT", client.generate_presigned_url("put_object", target))
        assert send(put, b"via a url")[0] == 200, version
        get = client.generate_presigned_url("get_object", target)
        assert send(AWSRequest("GET", get))[2] == b"via a url", version
        head = client.generate_presigned_url("head_object", target)
        assert send(AWSRequest("HEAD", head))[0] == 200, version
        other = AWSRequest("GET", get.replace("/by%20", "/bx%20"))
        assert send(other)[:2] == (403, "SignatureDoesNotMatch"), version
        assert send(AWSRequest("DELETE", get))[:2] == (403, "SignatureDoesNotMatch"), version


def test_a_presigned_url_holds_what_its_headers_and_parameters_say(server, place):
    client = server.client("s3", signature_version="s3v4")
    target = {"Bucket": "signing", "Key": "typed", "ContentType": "text/csv", "Metadata": {"a": "b"}}
    url = client.generate_presigned_url("put_object", target)
    headers = {"Content-Type": "text/csv", "x-amz-meta-a": "b"}
    assert send(AWSRequest("PUT", url, headers=headers), b"1,2")[0] == 200
    head = client.head_object(Bucket="signing", Key="typed")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"a": "b"})
    changed = AWSRequest("PUT", url, headers=headers | {"Content-Type": "text/html"})
    assert send(changed, b"1,2")[:2] == (403, "SignatureDoesNotMatch")
    more = AWSRequest("PUT", url, headers=headers | {"x-amz-acl": "public-read"})
    assert send(more, b"1,2")[:2] == (403, "AccessDenied")
    shown = {"Bucket": "signing", "Key": "typed", "ResponseContentType": "text/plain"}
    url = client.generate_presigned_url("get_object", shown)
    assert send(AWSRequest("GET", url))[2] == b"1,2"


def test_what_clients_hoist_into_a_presigned_query_counts(place):
    """The SDKs for JavaScript and Go put headers into the query before they sign it."""
    target = place.replace("dir/", "hoisted-") + "?x-amz-meta-owner=me%20too"
    request = AWSRequest("PUT", target)
    S3SigV4QueryAuth(OURS, "s3", REGION, expires=60).add_auth(request)
    assert send(request, b"x")[0] == 200
    head = AWSRequest("GET", target.split("?")[0])
    S3SigV4QueryAuth(OURS, "s3", REGION, expires=60).add_auth(head)
    url = urlsplit(head.prepare().url)
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    connection.request("GET", f"{url.path}?{url.query}")
    reply = connection.getresponse()
    reply.read()
    assert reply.getheader("x-amz-meta-owner") == "me too"
    connection.close()


def test_a_presigned_url_ends(place):
    an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    signer = S3SigV4QueryAuth(OURS, "s3", REGION, expires=600)
    request = sign_at(signer, AWSRequest("GET", place), an_hour_ago)
    status, code, answer = send(request)
    assert (status, code) == (403, "AccessDenied")
    assert b"Request has expired" in answer
    longer = AWSRequest("GET", place)
    S3SigV4QueryAuth(OURS, "s3", REGION, expires=7200).add_auth(longer)
    assert send(longer)[0] == 200


@pytest.mark.parametrize(
    "old, new, code",
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "AuthorizationQueryParametersError"),
        ("&X-Amz-Expires=60", "", "AuthorizationQueryParametersError"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "AuthorizationQueryParametersError"),
        ("aws4_request", "aws3_request", "AuthorizationQueryParametersError"),
        (KEY_ID, "AKIDNOBODY0000000000", "InvalidAccessKeyId"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61", "SignatureDoesNotMatch"),
    ],
)
def test_what_is_wrong_with_a_presigned_url_is_said(place, old, new, code):
    request = AWSRequest("GET", place)
    S3SigV4QueryAuth(OURS, "s3", REGION, expires=60).add_auth(request)
    assert old in request.url
    assert send(AWSRequest("GET", request.url.replace(old, new)))[1] == code


def test_old_and_future_requests_are_refused(place):
    for shift in (timedelta(minutes=-16), timedelta(minutes=16)):
        when = datetime.now(timezone.utc) + shift
        request = sign_at(S3SigV4Auth(OURS, "s3", REGION), AWSRequest("GET", place), when)
        assert send(request)[:2] == (403, "RequestTimeTooSkewed")


def test_a_token_that_no_session_gave_is_refused(place, server, refused):
    stranger = Credentials(KEY_ID, SECRET, token="made up")
    for signer in (S3SigV4Auth(stranger, "s3", REGION), S3SigV4QueryAuth(stranger, "s3", REGION)):
        request = AWSRequest("GET", place)
        signer.add_auth(request)
        assert send(request)[:2] == (400, "InvalidToken")
    request = AWSRequest("POST", server.api, data=b"{}", headers={"X-Amz-Target": "SageMaker.ListModels"})
    SigV4Auth(stranger, "sagemaker", REGION).add_auth(request)
    status, _, answer = send(request)
    assert (status, json.loads(answer)["__type"]) == (400, "UnrecognizedClientException")


def test_other_mechanisms_are_refused(place):
    def outcome(**headers):
        return send(AWSRequest("GET", place, headers=headers))[:2]

    assert outcome() == (403, "AccessDenied")
    assert outcome(Authorization=f"AWS {KEY_ID}:c2lnbmF0dXJl") == (400, "InvalidRequest")
    assert outcome(Authorization="Bearer x") == (400, "InvalidRequest")
    malformed = "AWS4-HMAC-SHA256 Credential=x"
    assert outcome(Authorization=malformed) == (400, "AuthorizationHeaderMalformed")
    both = AWSRequest("GET", place)
    S3SigV4QueryAuth(OURS, "s3", REGION).add_auth(both)
    S3SigV4Auth(OURS, "s3", REGION).add_auth(both)
    assert send(both)[:2] == (400, "InvalidArgument")


def test_a_form_says_that_it_is_not_served(server, place):
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    status, code, _ = send(AWSRequest("POST", f"{server.api}/signing", headers=form), b"--x--\r\n")
    assert (status, code) == (501, "NotImplemented")


def test_other_services_take_presigned_requests(server):
    body = b""
    url = f"{server.api}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url)
    SigV4QueryAuth(OURS, "sts", REGION, expires=60).add_auth(request)
    status, _, answer = send(request, body)
    assert status == 200, answer
    assert b":root</Arn>" in answer


# Bodies


def put(place, data, wire, declared, **headers):
    """Puts `wire` with `declared` as its hash or form."""
    request = AWSRequest("PUT", place, headers={"X-Amz-Content-SHA256": declared, **headers})
    signer = S3SigV4Auth(OURS, "s3", REGION)
    signer.payload = lambda _: declared
    signer.add_auth(request)
    return send(request, wire)


def test_a_declared_hash_is_compared(place, s3):
    where = place.replace("dir/", "declared-")
    for size in (0, 1, 300_000):
        data = os.urandom(size)
        digest = hashlib.sha256(data).hexdigest()
        assert put(where, data, data, digest)[0] == 200
        assert s3.get_object(Bucket="signing", Key="declared-ü b")["Body"].read() == data
        wrong = bytes([data[0] ^ 1]) + data[1:] if data else b"x"
        outcome = put(where, data, wrong, digest)
        assert outcome[:2] == (400, "XAmzContentSHA256Mismatch"), size
        assert s3.get_object(Bucket="signing", Key="declared-ü b")["Body"].read() == data
    assert put(where, b"x", b"x", "UNSIGNED-PAYLOAD")[0] == 200
    assert put(where, b"x", b"x", "nonsense")[:2] == (400, "InvalidArgument")


def keyed(key: bytes, text: str):
    return hmac.new(key, text.encode(), hashlib.sha256)


def signed_chunks(signature, scope, date, data, size, trailers=None):
    """The body in signed chunks, as the SDKs for Java and C++ send it."""
    key = f"AWS4{SECRET}".encode()
    for word in scope.split("/"):
        key = keyed(key, word).digest()
    nothing = hashlib.sha256(b"").hexdigest()
    body = b""
    for start in [*range(0, len(data), size), len(data)]:
        chunk = data[start : start + size]
        digest = hashlib.sha256(chunk).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{signature}\n{nothing}\n{digest}"
        signature = keyed(key, text).hexdigest()
        body += f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk
        body += b"\r\n" if chunk else b""
    if trailers is not None:
        text = "".join(f"{name}:{value}\n" for name, value in trailers.items())
        digest = hashlib.sha256(text.encode()).hexdigest()
        text_to_sign = f"AWS4-HMAC-SHA256-TRAILER\n{date}\n{scope}\n{signature}\n{digest}"
        body += text.replace("\n", "\r\n").encode()
        body += f"x-amz-trailer-signature:{keyed(key, text_to_sign).hexdigest()}\r\n".encode()
    return body + b"\r\n"


@pytest.mark.parametrize("with_trailer", [False, True])
def test_signed_chunks(place, s3, with_trailer):
    data = os.urandom(150_000)
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    trailers = {"x-amz-checksum-crc32": crc} if with_trailer else None
    form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if with_trailer else "")
    headers = {
        "Content-Encoding": "aws-chunked",
        "X-Amz-Content-SHA256": form,
        "X-Amz-Decoded-Content-Length": str(len(data)),
    }
    if with_trailer:
        headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    request = AWSRequest("PUT", place.replace("dir/", "chunked-"), headers=headers)
    signer = S3SigV4Auth(OURS, "s3", REGION)
    signer.payload = lambda _: form
    signer.add_auth(request)
    date = request.headers["X-Amz-Date"]
    scope = f"{date[:8]}/{REGION}/s3/aws4_request"
    signature = request.headers["Authorization"].split("Signature=")[1]
    body = signed_chunks(signature, scope, date, data, 64 * 1024, trailers)
    assert send(request, body)[0] == 200
    got = s3.get_object(Bucket="signing", Key="chunked-ü b", ChecksumMode="ENABLED")
    assert got["Body"].read() == data
    assert "ContentEncoding" not in got
    if with_trailer:
        assert got["ChecksumCRC32"] == crc

    at = len(body) // 2
    changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    assert send(request, changed)[:2] == (403, "SignatureDoesNotMatch")
    assert send(request, body[: len(body) // 2])[:2] == (400, "IncompleteBody")
    again = body.replace(b"0;chunk", b"0;chank")
    assert send(request, again)[:2] == (400, "InvalidRequest")
    assert s3.get_object(Bucket="signing", Key="chunked-ü b")["Body"].read() == data


def test_a_trailer_that_was_announced_must_come(place):
    data = b"x" * 10
    body = b"a\r\n" + data + b"\r\n0\r\n\r\n"
    outcome = put(
        place,
        data,
        body,
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        **{
            "X-Amz-Decoded-Content-Length": "10",
            "X-Amz-Trailer": "x-amz-checksum-crc32",
            "Content-Encoding": "aws-chunked",
        },
    )
    assert outcome[:2] == (400, "MalformedTrailerError")
    missing = put(place, data, body, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert missing[:2] == (411, "MissingContentLength")
