"""What the gateway does with a call, as tables of cases: passing, choosing, renaming, converting,
filling in, and each kind of gateway response."""

import base64
import json
from itertools import product

import pytest

from gateways import ROLE, api, backend, closed, gateway_server, refusal  # noqa: F401
from rest_apis import JSON, MOCK_200, Api, Backend, send
from server import Server
from test_apigateway_control import patch

XML = "text/xml"


# Which template, or none, or 415.

BEHAVIOURS = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"]
TEMPLATES = {"none": {}, "json": {JSON: "json"}, "xml": {XML: "xml"}, "default": {"$default": "any"},
             "both": {JSON: "json", "$default": "any"}}
GIVEN = {"json": JSON, "charset": "application/json; charset=utf-8", "CASE": "Application/JSON", "xml": XML, "nothing": None}


@pytest.fixture(scope="module")
def passing(gateway_server, backend):
    """A method for each behaviour and set of templates."""
    own = Api(gateway_server)
    for behaviour, (name, templates) in product(BEHAVIOURS, TEMPLATES.items()):
        own.method("POST", f"/{behaviour}/{name}", {
            "type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/",
            "passthroughBehavior": behaviour, "requestTemplates": templates})
    own.deploy()
    return own


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("templates", TEMPLATES)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_body_is_mapped_passed_or_refused(passing, behaviour, templates, given):
    wanted = (GIVEN[given] or JSON).split(";")[0].lower()
    known = TEMPLATES[templates]
    expect = known.get(wanted, known.get("$default"))
    if expect is None and (behaviour == "WHEN_NO_MATCH" or (behaviour == "WHEN_NO_TEMPLATES" and not known)):
        expect = "raw"
    headers = {"Content_Type": GIVEN[given]} if GIVEN[given] else {}
    called = passing.call("POST", f"/{behaviour}/{templates}", b"raw", **headers)
    if expect is None:
        assert refusal(called) == (415, "BadRequestException", {"message": "Unsupported Media Type"})
    else:
        assert (called.status, called.json()["body"]) == (200, expect)


# Which answer.

# patterns by status of the method; what the backend says -> what the caller gets
@pytest.mark.parametrize(("patterns", "cases"), [
    ({"200": None}, {200: 200, 404: 200, 503: 200}),
    ({"200": "", "400": "400"}, {200: 200, 400: 400, 404: 200}),
    ({"200": r"2\d{2}", "400": r"4\d{2}", "500": r"5\d{2}"}, {200: 200, 204: 200, 404: 400, 503: 500, 302: None}),
    ({"200": None, "400": "40"}, {400: 200}),
    ({"200": None, "400": "4.*"}, {400: 400, 499: 400, 504: 200}),
    ({"200": None, "502": r"(5|4)\d\d", "400": r"4\d\d"}, {400: 400, 500: 502}),
    ({"200": None, "418": "[45]0[0-4]"}, {400: 418, 504: 418, 505: 200}),
    ({"200": None, "404": "404|410"}, {404: 404, 410: 404, 4: 200}),
])
def test_an_answer_is_chosen_by_patterns_that_match_it_whole(api, patterns, cases):
    responses = {status: {"responseTemplates": {JSON: status}} for status in patterns}
    for status, pattern in patterns.items():
        if pattern is not None:
            responses[status]["selectionPattern"] = pattern
    api.method("GET", "/", {"type": "MOCK", "requestTemplates": {JSON: '{"statusCode": $input.params("s")}'}}, responses)
    api.deploy()
    for status, expect in cases.items():
        called = api.call("GET", f"/?s={status}")
        assert called.status == (expect or 500), (status, called.text)
        assert expect is None or called.text == str(expect)


# Headers.

REMAPPED = ["Authorization", "Connection", "Content-Length", "Content-MD5", "Date", "Expect", "Host", "Max-Forwards",
            "Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate"]


@pytest.mark.parametrize("name", REMAPPED)
def test_mapped_headers_of_the_connection_get_another_name(api, name):
    api.method("GET", "/", {"type": "MOCK", "requestTemplates": MOCK_200}, {
        "200": {"responseParameters": {f"method.response.header.{name}": "'17'"}, "responseTemplates": {JSON: "x"}}})
    api.deploy()
    called = api.call("GET", "/")
    assert called.headers[f"x-amzn-remapped-{name.lower()}"] == "17"
    assert called.headers.get(name.lower()) != "17" and called.body == b"x"


def test_a_proxied_answer_keeps_its_headers_but_those_of_the_connection(tmp_path):
    special = {"Server": "theirs", "Date": "then", "WWW-Authenticate": "Basic", "X-Own": "1", "Content-Type": "text/plain",
               "User-Agent": "them", "Content-MD5": "abc", "Upgrade": "h2c", "Cache-Control": "no-store"}
    own_backend = Backend(lambda _: (201, special, b"body"))
    config = tmp_path / "clary.toml"
    config.write_text(f'http-hosts = ["{own_backend.address}"]\n')
    server = Server(tmp_path / "data", "--config", str(config), ephemeral=True).start()
    try:
        own = Api(server)
        own.method("GET", "/", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"http://{own_backend.address}/"}, {})
        own.deploy()
        called = own.call("GET", "/")
        assert (called.status, called.text) == (201, "body")
        for name in ("X-Own", "Content-Type", "Cache-Control"):
            assert called.headers[name.lower()] == special[name]
        for name in ("WWW-Authenticate", "User-Agent", "Content-MD5", "Upgrade"):
            assert called.headers[f"x-amzn-remapped-{name.lower()}"] == special[name]
        assert "theirs" in called.headers["x-amzn-remapped-server"] and called.headers["content-length"] == "4"
        server.assert_healthy()
    finally:
        server.close()
        own_backend.close()


ILLEGAL = ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"]
ILLEGAL_FOR_AWS = ["Authorization", "Connection", "Expect", "Proxy-Authenticate", "TE"]


@pytest.mark.parametrize(("kind", "name", "legal"), [
    *[("HTTP", name, False) for name in ILLEGAL], *[("AWS", name, False) for name in ILLEGAL + ILLEGAL_FOR_AWS],
    ("HTTP", "Authorization", True), ("HTTP", "X-Own", True), ("AWS", "X-Own", True),
])
def test_headers_that_no_mapping_may_set(api, backend, gateway_server, kind, name, legal):
    uri = f"http://{backend.address}/" if kind == "HTTP" else "arn:aws:apigateway:us-east-1:sts:action/GetCallerIdentity"
    mapped = {f"integration.request.header.{name}": "'1'"}
    api.method("GET", "/", {"type": kind, "integrationHttpMethod": "POST", "uri": uri, "credentials": ROLE,
                            "requestParameters": mapped})
    api.deploy()
    assert api.call("GET", "/").status == (200 if legal else 500)


def test_only_these_headers_reach_a_backend_unmapped(api, backend):
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        api.method(method, "/", {"type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/"})
    api.deploy()
    always = {"accept", "user-agent", "x-amzn-trace-id", "x-amzn-apigateway-api-id", "host", "content-length"}
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        called = api.call(method, "/", b"x" if method in ("POST", "PUT") else b"", Content_Type="text/odd", Accept="text/odd",
                          Cookie="c", X_Own="1", Authorization="secret")
        headers = called.json()["headers"]
        typed = {"content-type"} if method not in ("GET", "OPTIONS") else set()
        assert set(headers) | {"content-length"} == always | typed, method
        assert headers["accept"] == JSON and headers.get("content-type", "text/odd") == "text/odd"


# Bytes and text, on the way in.

RAW = b"\x1f\xef\x08\x00"
ENCODED = base64.b64encode(RAW)
LOSSY = RAW.decode(errors="replace").encode()


# handling, type of the body, body -> what the backend gets; none for an error of the author
@pytest.mark.parametrize(("handling", "given", "payload", "expect"), [
    (None, "image/png", RAW, RAW), ("CONVERT_TO_BINARY", "image/png", RAW, RAW),
    ("CONVERT_TO_TEXT", "image/png", RAW, ENCODED), ("CONVERT_TO_TEXT", "image/gif", RAW, LOSSY),
    (None, "text/plain", RAW, LOSSY), (None, "text/plain", ENCODED, ENCODED), ("CONVERT_TO_TEXT", "text/plain", ENCODED, ENCODED),
    ("CONVERT_TO_BINARY", "text/plain", ENCODED, RAW), ("CONVERT_TO_BINARY", "text/plain", b"no base64!", None),
    (None, "image/png; x=y", RAW, RAW), (None, "IMAGE/PNG", RAW, RAW),
])
def test_bodies_are_converted_on_their_way_in(api, backend, handling, given, payload, expect):
    api.client.update_rest_api(restApiId=api.id, patchOperations=patch(("add", "/binaryMediaTypes/image~1png")))
    api.method("POST", "/", {"type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/",
                             **({"contentHandling": handling} if handling else {})})
    api.deploy()
    called = api.call("POST", "/", payload, Content_Type=given)
    if expect is None:
        assert called.status == 500
    else:
        assert called.json()["body"].encode("latin-1") == expect


@pytest.mark.parametrize(("pattern", "given", "is_binary"), [
    ("*/*", "anything/x", True), ("image/*", "image/webp", True), ("image/*", "text/plain", False),
    ("application/octet-stream", "application/octet-stream", True),
])
def test_binary_types_may_be_patterns(api, backend, pattern, given, is_binary):
    escaped = pattern.replace("/", "~1")
    api.client.update_rest_api(restApiId=api.id, patchOperations=patch(("add", f"/binaryMediaTypes/{escaped}")))
    api.method("POST", "/", {"type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/"})
    api.deploy()
    # What is sent back is JSON, which `*/*` makes bytes too.
    got = api.call("POST", "/", RAW, Content_Type=given, Accept=JSON)
    assert json.loads(got.body)["body"].encode("latin-1") == (RAW if is_binary else LOSSY)


# Addresses.


# the address below the host, the path asked for -> what the backend is asked for
@pytest.mark.parametrize(("uri", "asked", "expect"), [
    ("/a/{id}", "/x/7", "/a/7"), ("/a/{id}", "/x/a%20b", "/a/a%20b"), ("/a/{id}", "/x/a%2Fb", "/a/a/b"),
    ("/a/{id}", "/x/%C3%A9", "/a/%C3%A9"), ("/{id}/{id}", "/x/7", "/7/7"), ("/${stageVariables.v}/{id}", "/x/7", "/one/7"),
    ("/v${stageVariables.none}/{id}", "/x/7", "/v/7"), ("/a?b={id}", "/x/7", "/a?b=7"), ("/a/{other}", "/x/7", "/a/{other}"),
    ("/a?x=${stageVariables.v}", "/x/7?q=9", "/a?x=one&mapped=9"), ("/a/{id}", "/x/7?q=a%26b%20c", "/a/7?mapped=a%26b%20c"),
    ("/a/{id}", "/x/%3Fq%3D1", "/a/%3Fq%3D1"), ("/a/{id}", "/x/%23frag", "/a/%23frag"),
])
def test_addresses_are_filled_in(api, backend, uri, asked, expect):
    api.method("GET", "/x/{id}", {
        "type": "HTTP", "integrationHttpMethod": "GET", "uri": f"http://{backend.address}{uri}",
        "requestParameters": {"integration.request.path.id": "method.request.path.id",
                              "integration.request.querystring.mapped": "method.request.querystring.q"},
    }, requestParameters={"method.request.path.id": True, "method.request.querystring.q": False})
    api.deploy(variables={"v": "one"})
    called = api.call("GET", asked)
    assert called.json()["path"] == expect


# what a mapping takes, what it gives to the header `X`
@pytest.mark.parametrize(("source", "expect"), [
    ("method.request.path.id", "7"), ("method.request.querystring.q", "2"), ("method.request.multivaluequerystring.q", "1,2"),
    ("method.request.header.X-In", "in"), ("method.request.multivalueheader.X-In", "in"), ("method.request.body", '{"a": {"b": [1, "t"]}}'),
    ("method.request.body.a.b[1]", "t"), ("method.request.body.a.b", '[1,"t"]'), ("method.request.body.none", None),
    ("stageVariables.v", "one"), ("stageVariables.none", None), ("context.stage", "dev"), ("context.identity.sourceIp", "127.0.0.1"),
    ("context.nothing", None), ("'static text'", "static text"),
])
def test_mappings_take_from_everywhere(api, backend, source, expect):
    api.method("POST", "/x/{id}", {
        "type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/",
        "requestParameters": {"integration.request.header.X": source}})
    api.deploy(variables={"v": "one"})
    seen = api.call("POST", "/x/7?q=1&q=2", b'{"a": {"b": [1, "t"]}}', Content_Type=JSON, X_In="in").json()
    assert seen["headers"].get("x") == expect


# Overrides.


# template of the response -> status, and headers that must be there
@pytest.mark.parametrize(("template", "status", "headers"), [
    ("#set($context.responseOverride.status = 404)", 404, {}), ("#set($context.responseOverride.status = '201')", 201, {}),
    ("#set($context.responseOverride.status = 99)", 200, {}), ("#set($context.responseOverride.status = 600)", 200, {}),
    ("#set($context.responseOverride.status = 'x')", 200, {}),
    ("#set($context.responseOverride.header.X-A = 'a')#set($context.responseOverride.header.x-b = 2)", 200, {"x-a": "a", "x-b": "2"}),
    ("#set($context.responseOverride.header.Content-Type = 'text/odd')", 200, {"content-type": "text/odd"}),
    ("#set($context.responseOverride.header.Server = 'me')", 200, {"x-amzn-remapped-server": "me"}),
    ("#set($context.responseOverride.header.a = '1')#set($context.responseOverride.header.a = '2')", 500, {}),
    ("#if(1 == 2)#set($context.responseOverride.status = 404)#end", 200, {}),
    ("#foreach($s in [404])#set($context.responseOverride.status = $s)#end", 404, {}),
])
def test_templates_override_answers(api, template, status, headers):
    api.mock("GET", "/", template + "\nbody")
    api.deploy()
    called = api.call("GET", "/")
    assert called.status == status, called.text
    assert {name: called.headers.get(name) for name in headers} == headers
    assert status == 500 or called.text.strip() == "body"


@pytest.mark.parametrize(("template", "path", "headers"), [
    ("#set($context.requestOverride.path.id = 'other')", "/a/other?q=1", {}),
    ("#set($context.requestOverride.querystring.q = '2')", "/a/7?q=2", {}),
    ("#set($context.requestOverride.querystring.new = 'n m')", "/a/7?q=1&new=n%20m", {}),
    ("#set($context.requestOverride.header.X-Mapped = 'over')", "/a/7?q=1", {"x-mapped": "over"}),
    ("#set($context.requestOverride.header.X-New = 'new')", "/a/7?q=1", {"x-mapped": "plain", "x-new": "new"}),
])
def test_templates_override_requests(api, backend, template, path, headers):
    api.method("POST", "/x/{id}", {
        "type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/a/{{id}}",
        "requestParameters": {"integration.request.path.id": "method.request.path.id",
                              "integration.request.querystring.q": "method.request.querystring.q",
                              "integration.request.header.X-Mapped": "'plain'"},
        "requestTemplates": {JSON: template + "body"}})
    api.deploy()
    seen = api.call("POST", "/x/7?q=1", b"{}", Content_Type=JSON).json()
    assert (seen["path"], seen["body"]) == (path, "body")
    assert {name: seen["headers"].get(name) for name in headers} == headers


def test_the_context_has_what_it_should(api):
    names = ["accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod", "path",
             "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage",
             "identity.sourceIp", "identity.userAgent"]
    template = "{" + ", ".join(f'"{name}": "$context.{name}"' for name in names) + "}"
    api.mock("GET", "/x/{id}", template)
    deployment = api.deploy()
    called = api.call("GET", "/x/7", by_host=True, User_Agent="agent/1")
    found = called.json()
    assert all(found.values()), found
    assert (found["accountId"], found["apiId"], found["deploymentId"]) == ("000000000000", api.id, deployment)
    assert (found["domainName"], found["domainPrefix"]) == (f"{api.id}.execute-api.localhost", api.id)
    assert (found["requestId"], found["extendedRequestId"]) == (
        called.headers["x-amzn-requestid"], called.headers["x-amz-apigw-id"])
    assert (found["path"], found["resourcePath"], found["stage"], found["protocol"]) == ("/dev/x/7", "/x/{id}", "dev", "HTTP/1.1")
    assert (found["identity.sourceIp"], found["identity.userAgent"]) == ("127.0.0.1", "agent/1")
    assert found["resourceId"] == api.resource("/x/{id}") and found["requestTime"].endswith(" +0000")


# Gateway responses.

# kind: status, x-amzn-ErrorType, message; of those that can be had, the request
MESSAGES = {
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException", "Missing Authentication Token", ("GET", "/nowhere")),
    "BAD_REQUEST_PARAMETERS": (400, "BadRequestException", "Missing required request parameters: [q]", ("POST", "/checked")),
    "BAD_REQUEST_BODY": (400, "BadRequestException", "Invalid request body", ("POST", "/checked?q=1")),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException", "Unsupported Media Type", ("POST", "/never")),
    "INVALID_API_KEY": (403, "ForbiddenException", "Forbidden", ("POST", "/keyed")),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException", "Internal server error", ("POST", "/fails")),
    "INTEGRATION_FAILURE": (504, "InternalServerErrorException", "Network error communicating with endpoint", ("POST", "/gone")),
}


def refusing_api(server, closed):
    own = Api(server)
    validator = own.client.create_request_validator(
        restApiId=own.id, name="v", validateRequestBody=True, validateRequestParameters=True)["id"]
    own.client.create_model(restApiId=own.id, name="Thing", contentType=JSON, schema='{"type": "object"}')
    own.mock("POST", "/checked", requestValidatorId=validator, requestModels={JSON: "Thing"},
             requestParameters={"method.request.querystring.q": True})
    own.method("POST", "/never", {"type": "MOCK", "passthroughBehavior": "NEVER"})
    own.mock("POST", "/keyed", apiKeyRequired=True)
    own.mock("POST", "/fails", request="$util.base64Decode('*')")
    own.method("POST", "/gone", {"type": "HTTP", "integrationHttpMethod": "GET", "uri": f"http://{closed}/"})
    return own


@pytest.fixture(scope="module")
def plain(gateway_server, closed):
    """An API that refuses in the words that every API has."""
    own = refusing_api(gateway_server, closed)
    own.deploy()
    return own


@pytest.fixture(scope="module")
def classes(gateway_server, closed):
    """One that changes what all of a class look like."""
    own = refusing_api(gateway_server, closed)
    for kind, status in (("DEFAULT_4XX", "499"), ("DEFAULT_5XX", "599")):
        own.client.put_gateway_response(
            restApiId=own.id, responseType=kind, statusCode=status,
            responseTemplates={JSON: '{"own": "$context.error.responseType", "said": $context.error.messageString}'})
    own.deploy()
    return own


@pytest.fixture(scope="module")
def kinds(gateway_server, closed):
    """One that changes each kind on its own."""
    own = refusing_api(gateway_server, closed)
    own.client.put_gateway_response(restApiId=own.id, responseType="DEFAULT_4XX", statusCode="418")
    for kind in MESSAGES:
        own.client.put_gateway_response(
            restApiId=own.id, responseType=kind, responseParameters={"gatewayresponse.header.X-Kind": f"'{kind}'"},
            responseTemplates={JSON: '{"kind": "$context.error.responseType"}'})
    own.deploy()
    return own


@pytest.mark.parametrize("kind", MESSAGES)
def test_each_kind_of_refusal(plain, classes, kinds, kind):
    status, error_type, message, (method, path) = MESSAGES[kind]
    called = plain.call(method, path, b"[]")
    assert refusal(called) == (status, error_type, {"message": message})
    assert called.headers["content-type"] == JSON
    called = classes.call(method, path, b"[]")
    assert refusal(called) == (499 if status < 500 else 599, error_type, {"own": kind, "said": message})
    called = kinds.call(method, path, b"[]")
    assert refusal(called) == (status, error_type, {"kind": kind}) and called.headers["x-kind"] == kind


def test_a_body_that_is_too_long_looks_the_same_everywhere(classes):
    called = classes.call("POST", "/fails", b"x" * (10 * 1024 * 1024 + 1))
    assert refusal(called) == (413, "RequestTooLargeException", {"message": "Request Too Long"})


# every kind there is, with its status
STATUSES = {
    "ACCESS_DENIED": "403", "API_CONFIGURATION_ERROR": "500", "AUTHORIZER_CONFIGURATION_ERROR": "500", "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400", "BAD_REQUEST_PARAMETERS": "400", "DEFAULT_4XX": None, "DEFAULT_5XX": None, "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504", "INTEGRATION_TIMEOUT": "504", "INVALID_API_KEY": "403", "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403", "QUOTA_EXCEEDED": "429", "REQUEST_TOO_LARGE": "413", "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429", "UNAUTHORIZED": "401", "UNSUPPORTED_MEDIA_TYPE": "415", "WAF_FILTERED": "403",
}


def test_every_kind_is_listed_with_its_status(api):
    items = api.client.get_gateway_responses(restApiId=api.id)["items"]
    assert {item["responseType"]: item.get("statusCode") for item in items} == STATUSES
    for item in items:
        assert item["defaultResponse"] is True
        assert item["responseTemplates"] == {JSON: '{"message":$context.error.messageString}'}


def test_a_refused_call_that_no_api_has_is_plain(gateway_server):
    called = send(gateway_server.gateway, "GET", "/restapis/nothing/dev/_user_request_/x", b"", {})
    assert refusal(called) == (403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})
    assert json.loads(called.text)["message"]
