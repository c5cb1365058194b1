"""Malformed calls of every served operation: AWS's exception with the member's name, never a 500.

The calls are made from the shape tables (`shapes`), so that a new operation is tested by being
served. What a client would never send is signed and sent by hand.
"""

import http.client
import json
import re
from urllib.parse import quote, urlencode, urlsplit

import pytest

import shapes
from signed import Answer, Request

OPERATIONS = {f"{it.service_model.service_name}-{it.name}": (it, code) for it, code in shapes.served()}
BY_PROTOCOL = {
    protocol: [name for name, (it, _) in OPERATIONS.items() if it.service_model.protocol == protocol]
    for protocol in ("json", "query", "rest-json")
}
XML_CODE = re.compile(rb"<Code>(\w+)</Code>")


class Wire:
    """One connection, over which requests go one after the other."""

    def __init__(self, api: str):
        self.api = api
        self.connection = http.client.HTTPConnection(urlsplit(api).netloc, timeout=20)

    def send(self, request: Request) -> Answer:
        """Signs and sends; a connection that the server closed is opened again."""
        signed = request.signed(self.api)
        self.connection.request(signed.method, signed.path, body=signed.body, headers=signed.headers)
        response = self.connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())


@pytest.fixture
def wire(server):
    """A connection of the test's own to the shared server."""
    wire = Wire(server.api)
    yield wire
    wire.connection.close()


def json_call(operation, body: bytes) -> Request:
    """A call in awsJson with any body."""
    metadata = operation.service_model.metadata
    headers = {
        "X-Amz-Target": f"{metadata['targetPrefix']}.{operation.name}",
        "Content-Type": f"application/x-amz-json-{metadata['jsonVersion']}",
    }
    return Request(body=body, headers=headers, service=operation.service_model.signing_name)


def json_error(answer: Answer) -> tuple[int, str]:
    """Status and code; nothing but a fault has a code."""
    return answer.error()[:2] if answer.status >= 300 else (answer.status, "")


def lower_first(name: str) -> str:
    """A member's name as validation errors give it."""
    return name[0].lower() + name[1:]


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
def test_a_fitting_call_is_not_malformed(wire, name):
    operation, constraint_code = OPERATIONS[name]
    fitting = shapes.fitting(operation.input_shape)
    answer = wire.send(json_call(operation, json.dumps(fitting).encode()))
    assert answer.status < 500, answer
    assert b"SerializationException" not in answer.body and b"error detected" not in answer.body, answer


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
def test_a_broken_member_is_named(wire, name):
    operation, constraint_code = OPERATIONS[name]
    wrong = []
    for case in shapes.malformed(operation):
        answer = wire.send(json_call(operation, json.dumps(case.members).encode()))
        code = {"type": "SerializationException", "constraint": constraint_code}[case.kind]
        named = case.kind == "type" or f"{lower_first(case.member)}'".encode() in answer.body
        if json_error(answer) != (400, code) or not named:
            wrong.append(f"{case.what}: {answer.status} {answer.body[:300]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", b'"a"', b"7", b"\xff\xfe", b'{"a": "\xff"}', b'{"a" 1}', b"{} {}", b"{'a': 1}", b"{,}"],
)
def test_a_body_that_is_no_json_object_is_refused(wire, name, body):
    operation, _ = OPERATIONS[name]
    answer = wire.send(json_call(operation, body))
    assert json_error(answer) == (400, "SerializationException"), answer


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_nesting_is_refused(wire, name, opening, depth):
    operation, _ = OPERATIONS[name]
    body = b'{"Tags":' + opening.encode() * depth
    answer = wire.send(json_call(operation, body))
    assert json_error(answer) == (400, "SerializationException"), answer


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
def test_a_call_cut_off_anywhere_is_refused(wire, name):
    operation, _ = OPERATIONS[name]
    whole = json.dumps(shapes.fitting(operation.input_shape)).encode()
    for end in range(1, len(whole)):
        answer = wire.send(json_call(operation, whole[:end]))
        assert json_error(answer) == (400, "SerializationException"), (whole[:end], answer)


@pytest.mark.parametrize("name", BY_PROTOCOL["json"])
def test_of_a_member_that_comes_twice_the_last_counts(wire, name):
    operation, constraint_code = OPERATIONS[name]
    shape = operation.input_shape
    for member in shape.required_members:
        broken = [value for _, value in shapes.broken_constraints(shape.members[member])]
        for value in broken[:1]:
            fitting = json.dumps(shapes.fitting(shape))
            body = fitting[:-1] + f", {json.dumps(member)}: {json.dumps(value)}}}"
            answer = wire.send(json_call(operation, body.encode()))
            assert json_error(answer) == (400, constraint_code), (body, answer)


@pytest.mark.parametrize("name", BY_PROTOCOL["query"])
def test_a_broken_form_is_refused(wire, name):
    operation, constraint_code = OPERATIONS[name]
    form = {"Action": operation.name, "Version": operation.service_model.api_version}
    for case in shapes.malformed(operation):
        if case.kind == "constraint":
            answer = wire.send(form_call(operation, urlencode(form | case.members).encode()))
            assert form_error(answer) == (400, constraint_code), (case, answer)
            assert lower_first(case.member).encode() in answer.body


@pytest.mark.parametrize("name", BY_PROTOCOL["query"])
@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"", {"MissingAction"}),
        (b"Action=", {"MissingAction"}),
        (b"Action=NoSuchAction&Version=%s", {"InvalidAction"}),
        (b"Action=%s&Version=1999-01-01", {"InvalidAction"}),
        (b"Action=%s", {"InvalidAction"}),
        (b"Action=%%zz&Version", {"InvalidAction", "MalformedInput"}),
        (b"\xff\xfe=\xff&Action=%%ff", {"InvalidAction", "MissingAction", "MalformedInput"}),
        (b"&=&&==&", {"MissingAction"}),
        (b"a." * 50_000, {"MissingAction", "MalformedInput"}),
    ],
)
def test_a_form_that_names_no_action_is_refused(wire, name, body, codes):
    operation, _ = OPERATIONS[name]
    if b"%s" in body:
        fill = operation.service_model.api_version if b"NoSuch" in body else operation.name
        body %= fill.encode()
    status, code = form_error(wire.send(form_call(operation, body)))
    assert 400 <= status < 500 and code in codes


def form_call(operation, body: bytes) -> Request:
    """A call in the query protocol with any body."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return Request(body=body, headers=headers, service=operation.service_model.signing_name)


def form_error(answer: Answer) -> tuple[int, str]:
    """Status and code of a reply in XML."""
    code = XML_CODE.search(answer.body)
    return answer.status, code[1].decode() if code else ""


@pytest.mark.parametrize("name", BY_PROTOCOL["rest-json"])
def test_a_broken_part_of_a_request_is_refused(wire, name):
    operation, constraint_code = OPERATIONS[name]
    wrong = []
    for case in shapes.malformed(operation):
        if (request := rest_call(operation, case)) is not None:
            answer = wire.send(request)
            codes = {"type": ["SerializationException"], "constraint": [constraint_code]}[case.kind]
            # A member that is not served is refused whatever it holds.
            allowed = [(400, code) for code in codes] + [(501, "NotImplemented")]
            if json_error(answer) not in allowed:
                wrong.append(f"{case.what}: {answer.status} {answer.body[:300]!r}")
    assert not wrong, "\n".join(wrong)


def rest_call(operation, case: shapes.Malformed) -> Request | None:
    """The request of a broken call, if what is broken can be put into a request."""
    shape = operation.input_shape
    broken = shape.members[case.top]
    place = broken.serialization.get("location")
    value = case.members.get(case.top)
    text = isinstance(value, str) and value.isascii() and value.isprintable() and value != ""
    # Everything outside of a body is text, and what a path lacks is another path.
    if broken.type_name == "blob" or place and (case.kind == "type" or not text):
        return None
    path, headers, query, body = operation.http["requestUri"], {}, {}, {}
    for name, member_value in case.members.items():
        member = shape.members[name]
        wire_name = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                path = path.replace(f"{{{wire_name}}}", quote(member_value, safe=""))
            case "header":
                headers[wire_name] = member_value
            case "querystring":
                query[wire_name] = member_value
            case _:
                body[wire_name] = member_value
    if query:
        path += f"?{urlencode(query)}"
    payload = b"1\n" if shape.serialization.get("payload") else json.dumps(body).encode()
    return Request(path, payload, headers, operation.http["method"], operation.service_model.signing_name)


@pytest.mark.parametrize("name", BY_PROTOCOL["rest-json"])
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "NOSUCH"])
def test_a_call_in_a_method_of_none_is_refused(wire, name, method):
    operation, _ = OPERATIONS[name]
    path = re.sub(r"\{\w+\+?\}", "a", operation.http["requestUri"])
    answer = wire.send(Request(path, b"", {}, method, operation.service_model.signing_name))
    assert 400 <= answer.status < 500, answer
