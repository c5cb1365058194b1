"""Every way in which a signature can be wrong, sent as raw requests: which code each protocol answers."""

import http.client
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import KEY_ID, REGION, SECRET
from signed import Answer, Request, operation


def authorization(old: str, new: str) -> Callable[[Request], None]:
    """Writes something else into the signature's header."""

    def change(request: Request) -> None:
        value = request.headers["Authorization"]
        changed = re.sub(old, new, value, count=1)
        assert changed != value, value
        request.headers["Authorization"] = changed

    return change


def header(name: str, value: str | None) -> Callable[[Request], None]:
    """Sets a header after the request was signed, or takes it away."""

    def change(request: Request) -> None:
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value

    return change


@dataclass(frozen=True)
class Case:
    """What is changed in a signed request, and the codes of SageMaker, STS and S3 for it."""

    name: str
    change: Callable[[Request], None]
    json: str
    query: str
    s3: str


INCOMPLETE = ("IncompleteSignatureException", "IncompleteSignature")
MISSING = ("MissingAuthenticationTokenException", "MissingAuthenticationToken")
INVALID = ("InvalidSignatureException", "SignatureDoesNotMatch")
UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId")
MALFORMED = "AuthorizationHeaderMalformed"

CASES = [
    Case("none", header("Authorization", None), *MISSING, "AccessDenied"),
    Case("bearer", header("Authorization", "Bearer abc"), *MISSING, "InvalidRequest"),
    Case("version-2", header("Authorization", f"AWS {KEY_ID}:c2ln"), *MISSING, "InvalidRequest"),
    Case("sha1", authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), *INCOMPLETE, "InvalidRequest"),
    Case("no-credential", authorization("Credential=[^,]+, ", ""), *INCOMPLETE, MALFORMED),
    Case("no-signed-headers", authorization("SignedHeaders=[^,]+, ", ""), *INCOMPLETE, MALFORMED),
    Case("no-signature", authorization(", Signature=.*", ""), *INCOMPLETE, MALFORMED),
    Case("no-equals-sign", authorization("Signature=", "Signature"), *INCOMPLETE, MALFORMED),
    Case("short-credential", authorization("/aws4_request", ""), *INCOMPLETE, MALFORMED),
    Case("terminator", authorization("aws4_request", "aws3_request"), *INVALID, MALFORMED),
    Case("other-day", authorization(r"/\d{8}/", "/20200101/"), *INVALID, MALFORMED),
    Case("stranger", authorization(KEY_ID, "AKIDNOBODY0000000000"), *UNKNOWN, "InvalidAccessKeyId"),
    Case("token", header("X-Amz-Security-Token", "made up"), *UNKNOWN, "InvalidToken"),
    Case("no-date", header("X-Amz-Date", None), *INCOMPLETE, MALFORMED),
    Case("odd-date", header("X-Amz-Date", "2026-01-01"), *INCOMPLETE, MALFORMED),
    Case("host-not-signed", authorization("host;", ""), *INVALID, "AccessDenied"),
    Case("header-not-signed", header("X-Amz-Meta-More", "1"), *INVALID, "AccessDenied"),
    Case("signature", authorization("Signature=.{4}", "Signature=0000"), *INVALID, "SignatureDoesNotMatch"),
    Case("short-signature", authorization("Signature=.{4}", "Signature="), *INVALID, "SignatureDoesNotMatch"),
]


@dataclass(frozen=True)
class Protocol:
    """A call in one protocol, and how its errors are read."""

    request: Callable[[], Request]
    code: Callable[[Answer], str]


def xml_code(answer: Answer) -> str:
    return re.search(rb"<Code>(.*?)</Code>", answer.body)[1].decode()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PROTOCOLS = {
    "json": Protocol(lambda: operation("ListModels", {}), lambda answer: answer.error()[1]),
    "query": Protocol(
        lambda: Request("/", b"Action=GetCallerIdentity&Version=2011-06-15", dict(FORM), service="sts"), xml_code
    ),
    "s3": Protocol(lambda: Request("/", b"", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "GET", "s3"), xml_code),
}


def signed(server, protocol: str, **scope) -> Request:
    """The call, signed as it should be but for what `scope` says."""
    request = PROTOCOLS[protocol].request()
    if not scope:
        return request.signed(server.api)
    aws = AWSRequest(request.method, server.api + request.path, headers=request.headers, data=request.body)
    service, region = scope.get("service", request.service), scope.get("region", REGION)
    SigV4Auth(Credentials(KEY_ID, SECRET), service, region).add_auth(aws)
    return Request(request.path, request.body, dict(aws.headers), request.method, request.service)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_wrong_with_a_signature_has_its_code(server, protocol, case):
    request = signed(server, protocol)
    case.change(request)
    answer = request.send(server.api)
    assert PROTOCOLS[protocol].code(answer) == getattr(case, protocol), answer.body
    assert answer.status in (400, 403)
    assert signed(server, protocol).send(server.api).status == 200, "the call itself is fine"


@pytest.mark.parametrize(
    "protocol, minutes, code",
    [
        ("json", -6, "InvalidSignatureException"),
        ("json", 6, "InvalidSignatureException"),
        ("query", -6, "SignatureDoesNotMatch"),
        ("query", 6, "SignatureDoesNotMatch"),
        ("s3", -16, "RequestTimeTooSkewed"),
        ("s3", 16, "RequestTimeTooSkewed"),
    ],
)
def test_a_signature_of_another_time_has_its_code(server, protocol, minutes, code):
    request = PROTOCOLS[protocol].request().signed(server.api, skew_minutes=minutes)
    assert PROTOCOLS[protocol].code(request.send(server.api)) == code


@pytest.mark.parametrize(
    "protocol, scope, code",
    [
        ("json", {"region": "eu-west-1"}, "InvalidSignatureException"),
        ("json", {"service": "logs"}, "InvalidSignatureException"),
        ("query", {"region": "eu-west-1"}, "SignatureDoesNotMatch"),
        ("s3", {"region": "eu-west-1"}, None),
    ],
)
def test_a_scope_that_is_not_the_server_s_has_its_code(server, protocol, scope, code):
    """S3 takes any region: clients sign for the one where they believe a bucket to be."""
    answer = signed(server, protocol, **scope).send(server.api)
    if code is None:
        assert answer.status == 200
    else:
        assert PROTOCOLS[protocol].code(answer) == code


@pytest.mark.parametrize("name", ["X-Amz-Date", "Authorization", "Host"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_doubled_header_never_passes(server, protocol, name):
    request = signed(server, protocol)
    netloc = urlsplit(server.api).netloc
    connection = http.client.HTTPConnection(netloc, timeout=20)
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    headers = {"Host": netloc, "Content-Length": str(len(request.body))} | request.headers
    for header_name, value in headers.items():
        connection.putheader(header_name, value)
    connection.putheader(name, headers[name])
    connection.endheaders(request.body)
    reply = connection.getresponse()
    assert reply.status in (400, 403), reply.read()
    connection.close()
