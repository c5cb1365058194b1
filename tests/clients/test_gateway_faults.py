"""Bad input and faults at the gateway: templates, addresses, bodies, backends, limits, kill -9."""

import contextlib
import gzip
import json
import random
import re
import socket
import threading
import zlib

import pytest

from gateways import ROLE, api, backend, closed, gateway_server, refusal, why  # noqa: F401
from rest_apis import JSON, MOCK_200, Api, raw, send
from server import Server, eventually, kill_seed
from test_apigateway_control import patch

INTERNAL = (500, "InternalServerErrorException", {"message": "Internal server error"})


# Templates.


# template, where it is wrong
@pytest.mark.parametrize(("template", "place"), [
    ("#if($a", "line 1, column 7"), ('{"a": 1}\n  #if($a', "line 2"), ("a\nb\n#set($x = )", "line 3"),
    ("#if(true) no end", "line 1"), ("$input.path('$..[')", None),
])
def test_illegal_templates_are_refused_where_they_are_put(api, refused, template, place):
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    api.client.put_method(**where, authorizationType="NONE")
    integration = {"type": "MOCK", "requestTemplates": {JSON: template}}
    if place is None:
        # A path is only known to be wrong when it is asked for: it may be computed.
        api.client.put_integration(**where, **integration)
        return
    found = refused(api.client.put_integration, **where, **integration)
    assert found.code == "BadRequestException", found
    assert f"Invalid mapping template for `{JSON}`: " in found.message and place in found.message
    api.client.put_integration(**where, type="MOCK", requestTemplates=MOCK_200)
    found = refused(api.client.update_integration, **where, patchOperations=patch(
        ("replace", "/requestTemplates/application~1json", template)))
    assert place in found.message
    api.client.put_method_response(**where, statusCode="200")
    found = refused(api.client.put_integration_response, **where, statusCode="200", responseTemplates={JSON: template})
    assert place in found.message


# template -> what is answered, or why it failed
@pytest.mark.parametrize(("template", "expect"), [
    ("#foreach($i in [1..2000])x#end", "x" * 1000),
    ("#foreach($i in [1..2000])#foreach($j in [1..2000])x#end#end", "x" * 1_000_000),
    ("#macro(m)#m()#end#m()", "deep"),
    ('#set($s = "x")#foreach($i in [1..900])#set($s = "$s$s")#end$s', "bytes"),
    ("#set($r = [1..1000])#foreach($i in $r)#foreach($j in $r)#foreach($k in $r)#set($x = 1)#end#end#end", "steps"),
    ("#foreach($i in [1..1000])#foreach($j in [1..1000])" + "x" * 20 + "#end#end", "bytes"),
])
def test_templates_without_end_end(api, template, expect):
    api.mock("POST", "/", template)
    api.deploy()
    called = api.call("POST", "/", b"{}", Content_Type=JSON)
    if set(expect) == {"x"}:
        assert (called.status, called.text) == (200, expect)
        return
    assert refusal(called) == INTERNAL
    error = why(api.server, called.headers["x-amzn-requestid"])["error"]
    assert (error["code"], error["phase"], error["fault_of"]) == ("API_CONFIGURATION_ERROR", "response-mapping", "author")
    assert expect in error["message"], error["message"]


def test_a_template_is_as_long_as_it_may_be(api, refused):
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    api.client.put_method(**where, authorizationType="NONE")
    most = 300 * 1024
    api.client.put_integration(**where, type="MOCK", requestTemplates={JSON: "x" * most})
    found = refused(api.client.put_integration, **where, type="MOCK", requestTemplates={JSON: "x" * (most + 1)})
    assert f"longer than {most} bytes" in found.message


# Quotas of the control plane.


def test_an_api_has_so_many_resources_and_stages(api, refused):
    for number in range(299):
        api.client.create_resource(restApiId=api.id, parentId=api.root, pathPart=f"r{number}")
    found = refused(api.client.create_resource, restApiId=api.id, parentId=api.root, pathPart="more")
    assert (found.status, found.code) == (429, "LimitExceededException")
    assert "300 resources at most" in found.message
    api.mock("GET", "/r298", "last")
    for number in range(10):
        api.deploy(f"s{number}")
    assert api.call("GET", "/r298", stage="s9").text == "last"
    found = refused(api.client.create_deployment, restApiId=api.id, stageName="more")
    assert found.code == "LimitExceededException" and "10 stages at most" in found.message
    assert len(api.client.get_deployments(restApiId=api.id)["items"]) == 10, "all or nothing"


@pytest.mark.parametrize(("variables", "legal"), [
    ({f"v{n}": "1" for n in range(100)}, True), ({f"v{n}": "1" for n in range(101)}, False),
    ({"a" * 64: "1"}, True), ({"a" * 65: "1"}, False), ({"a-b": "1"}, False),
    ({"v": "x" * 512}, True), ({"v": "x" * 513}, False), ({"v": "a b"}, False), ({"v": "A-z.0_~:/?#&=,"}, True),
])
def test_stage_variables_are_held_to_their_form(api, refused, variables, legal):
    api.mock("GET", "/")
    if legal:
        api.deploy(variables=variables)
        assert api.client.get_stage(restApiId=api.id, stageName="dev")["variables"] == variables
        return
    found = refused(api.client.create_deployment, restApiId=api.id, stageName="dev", variables=variables)
    assert found.code in ("BadRequestException", "LimitExceededException")
    assert api.client.get_stages(restApiId=api.id)["item"] == []


# Requests.


def request(server, path: str, *headers: str, method="GET", body: bytes = b"", api_id="") -> bytes:
    """A request to a deployed API as it goes over the wire, closed after its answer."""
    head = "".join(f"{line}\r\n" for line in ("Host: localhost", "Connection: close", *headers))
    return f"{method} /restapis/{api_id}/dev/_user_request_{path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(("path", "reason"), [
    ("/a%2", "percent-encoded"), ("/a%", "percent-encoded"), ("/%zz", "percent-encoded"), ("/%ff", "percent-encoded"),
    ("/%c3%28", "percent-encoded"), ("/a?b=%", "percent-encoded"), ("/a?%g1=1", "percent-encoded"),
    ("/..", "dots"), ("/a/../b", "dots"), ("/a/./b", "dots"), ("/%2e%2e/b", "dots"), ("/a%2f..%2fb", "dots"),
])
def test_addresses_that_make_no_sense(api, path, reason):
    api.mock("GET", "/{proxy+}", "reached")
    api.deploy()
    answer = raw(api.server.gateway, request(api.server, path, api_id=api.id))
    assert status_of(answer) == 400 and reason.encode() in answer, answer


@pytest.mark.parametrize(("path", "status"), [
    ("/?" + "a=1&" * 2500, 200), ("/?" + "a=1&" * 2600, 413), ("/?q=" + "x" * 12_000, 413), ("/?" + "&" * 9000, 200),
])
def test_queries_are_as_long_as_they_may_be(api, path, status):
    api.mock("GET", "/", "ok")
    api.deploy()
    assert status_of(raw(api.server.gateway, request(api.server, path, api_id=api.id))) == status


def test_of_doubled_headers_the_last_counts_and_all_are_seen(api, backend):
    api.method("GET", "/", {
        "type": "HTTP", "integrationHttpMethod": "GET", "uri": f"http://{backend.address}/",
        "requestParameters": {"integration.request.header.One": "method.request.header.X-Twice",
                              "integration.request.header.All": "method.request.multivalueheader.X-Twice",
                              "integration.request.querystring.one": "method.request.querystring.q",
                              "integration.request.querystring.all": "method.request.multivaluequerystring.q"}})
    api.deploy()
    answer = raw(api.server.gateway, request(
        api.server, "/?q=1&q=2", "X-Twice: a", "x-twice: b", "X-TWICE: c", api_id=api.id))
    seen = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    assert (seen["headers"]["one"], seen["headers"]["all"]) == ("c", "a,b,c")
    assert seen["path"] == "/?all=1,2&one=2"


@pytest.mark.parametrize("headers", [
    ("Content-Length: 5", "Content-Length: 6"), ("Content-Length: 5", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), ("Content-Length: -1",), ("Content-Length : 5",),
    ("Content-Length: 5, 6",), ("Content-Length: 0x5",), ("Transfer-Encoding: xchunked",),
    ("Transfer-Encoding: chunked, identity",), ("Content-Length: +5",),
])
def test_lengths_that_conflict_end_the_connection(api, headers):
    api.mock("ANY", "/", "once")
    api.mock("GET", "/smuggled", "smuggled")
    api.deploy()
    base = f"/restapis/{api.id}/dev/_user_request_"
    second = f"GET {base}/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    lines = "".join(f"{line}\r\n" for line in ("Host: localhost", *headers))
    answer = raw(api.server.gateway, f"POST {base}/ HTTP/1.1\r\n{lines}\r\n0\r\n\r\n".encode() + second)
    assert status_of(answer) == 400 and len(re.findall(rb"HTTP/1.1 \d", answer)) == 1, answer
    assert b"smuggled" not in answer and b"once" not in answer


def test_a_body_that_is_too_long_is_refused_before_and_while_it_comes(api):
    api.mock("POST", "/", "ok", request="{statusCode: 200}")
    api.deploy()
    most = 10 * 1024 * 1024
    assert api.call("POST", "/", b"x" * most).status == 200
    too_long = (413, "RequestTooLargeException", {"message": "Request Too Long"})
    assert refusal(api.call("POST", "/", b"x" * (most + 1))) == too_long
    announced = raw(api.server.gateway, request(
        api.server, "/", f"Content-Length: {most + 1}", method="POST", api_id=api.id))
    assert status_of(announced) == 413, "nothing of it was sent"
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    chunked = request(api.server, "/", "Transfer-Encoding: chunked", method="POST", api_id=api.id)
    answer = raw(api.server.gateway, chunked + chunk * 11 + b"0\r\n\r\n")
    assert status_of(answer) == 413


@contextlib.contextmanager
def own_server(tmp_path, *arguments: str, hosts=()):
    """A server of the test's own; its integrations may reach the hosts."""
    config = tmp_path / "clary.toml"
    config.write_text(f"http-hosts = {json.dumps(list(hosts))}\n")
    server = Server(tmp_path / "data", "--config", str(config), *arguments, ephemeral=True).start()
    try:
        yield server
        server.assert_healthy()
    finally:
        server.close()


def test_a_slow_body_is_cut_off(tmp_path):
    with own_server(tmp_path, "--limit", "body-timeout-seconds=1") as server:
        own = Api(server)
        own.mock("POST", "/", "ok")
        own.deploy()
        half = request(server, "/", "Content-Length: 10", method="POST", body=b"12345", api_id=own.id)
        answer = raw(server.gateway, half)
        assert status_of(answer) == 408 and b'{"message":"Request Timeout"}' in answer
        assert own.call("POST", "/", b"1234567890").text == "ok"


def test_bodies_share_the_servers_room(tmp_path):
    """Half of a large body takes the room; the next one is refused, a small one is not."""
    with own_server(tmp_path, "--limit", "bodies-in-flight-bytes-max=2000000") as server:
        own = Api(server)
        own.mock("POST", "/", "ok", request="{statusCode: 200}")
        own.deploy()
        with socket.create_connection(("127.0.0.1", int(server.gateway.rsplit(":", 1)[1])), 10) as holder:
            holder.sendall(request(server, "/", "Content-Length: 1900000", method="POST", api_id=own.id))
            holder.sendall(b"x" * 1_800_000)
            eventually(lambda: in_flight(server) >= 1_800_000)
            called = own.call("POST", "/", b"x" * 1_000_000)
            assert refusal(called) == (503, "ServiceUnavailableException", {"message": "Service Unavailable"})
            assert called.headers["retry-after"] == "1"
            error = why(server, called.headers["x-amzn-requestid"])["error"]
            assert "bodies-in-flight-bytes-max" in error["message"] and error["fault_of"] == "server"
            assert own.call("POST", "/", b"small").status == 200
            holder.sendall(b"x" * 100_000)
            assert holder.recv(65536).startswith(b"HTTP/1.1 200")
        eventually(lambda: in_flight(server) == 0)
        assert own.call("POST", "/", b"x" * 1_000_000).status == 200


def in_flight(server) -> float:
    text = send(server.api, "GET", "/_clary/metrics", b"", {}).text
    (value,) = [line.split()[-1] for line in text.splitlines() if line.startswith("clary_bodies_in_flight_bytes ")]
    return float(value)


# Backends.


def linger(peer):
    """Ends a connection by a reset, not by a close."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drip(peer):
    """An answer that never comes to its end."""
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            peer.sendall(b"x")
            if gone(peer, 0.05):
                return


def gone(peer, seconds: float) -> bool:
    """Whether the other side ends the connection within that time."""
    peer.settimeout(seconds)
    try:
        return peer.recv(1) == b""
    except TimeoutError:
        return False


def endless_head(peer):
    """Header lines for ever."""
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        for number in range(100_000):
            peer.sendall(b"X-%d: %s\r\n" % (number, b"y" * 1000))


# what the backend does -> milliseconds that it has, message
UNREACHED = "Network error communicating with endpoint"
BACKENDS = {
    "hangs": (lambda peer: gone(peer, 10), 300, "Endpoint request timed out"),
    "drips": (drip, 300, "Endpoint request timed out"),
    "resets": (linger, 5000, UNREACHED),
    "closes": (lambda peer: None, 5000, UNREACHED),
    "promises-more": (lambda p: p.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), 5000, UNREACHED),
    "breaks-chunks": (lambda p: p.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), 5000, UNREACHED),
    "bad-chunks": (lambda p: p.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 5000, UNREACHED),
    "two-lengths": (lambda p: p.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 5000, UNREACHED),
    "no-status": (lambda p: p.sendall(b"HTTP/1.1 abc OK\r\n\r\n"), 5000, UNREACHED),
    "babbles": (lambda p: p.sendall(b"\x00\x01\x02 not http at all\r\n\r\n"), 5000, UNREACHED),
    "endless-head": (endless_head, 5000, UNREACHED),
}


@pytest.fixture(scope="module")
def wicked(tmp_path_factory):
    """A server, and one backend that does what `wicked.behave` says."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % listener.getsockname()[1]

    class Wicked:
        behave = None
        api = None

    def serve():
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer, contextlib.suppress(OSError):
                    peer.recv(65536)
                    Wicked.behave(peer)

    threading.Thread(target=serve, daemon=True).start()
    with own_server(tmp_path_factory.mktemp("wicked"), hosts=[address]) as server:
        Wicked.api = Api(server)
        for name, (_, timeout, _) in BACKENDS.items():
            for kind, responses in (("HTTP", None), ("HTTP_PROXY", {})):
                Wicked.api.method("GET", f"/{name}/{kind}", {
                    "type": kind, "integrationHttpMethod": "GET", "uri": f"http://{address}/",
                    "timeoutInMillis": timeout}, responses)
        Wicked.api.deploy()
        yield Wicked
        listener.close()


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_at_fault_ends_in_a_gateway_response(wicked, name, kind):
    wicked.behave, _, message = BACKENDS[name]
    called = wicked.api.call("GET", f"/{name}/{kind}")
    assert refusal(called) == (504, "InternalServerErrorException", {"message": message})
    error = why(wicked.api.server, called.headers["x-amzn-requestid"])["error"]
    expect = "INTEGRATION_TIMEOUT" if "timed out" in message else "INTEGRATION_FAILURE"
    assert (error["code"], error["phase"], error["fault_of"]) == (expect, "integration", "model")


def test_an_answer_that_is_too_long_is_not_passed_on(gateway_server, tmp_path):
    from rest_apis import Backend

    long = Backend(lambda _: (200, {}, b"x" * (10 * 1024 * 1024 + 1)))
    try:
        with own_server(tmp_path, hosts=[long.address]) as server:
            own = Api(server)
            own.method("GET", "/", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": f"http://{long.address}/"}, {})
            own.deploy()
            called = own.call("GET", "/")
            assert refusal(called) == INTERNAL
            assert "10485760" in why(server, called.headers["x-amzn-requestid"])["error"]["message"]
            eventually(lambda: in_flight(server) == 0)
    finally:
        long.close()


# Compression and access logs.


@pytest.mark.parametrize(("accept", "length", "coding"), [
    ("gzip", 1000, "gzip"), ("gzip, deflate, br", 100, "gzip"), ("deflate", 100, "deflate"), ("gzip", 99, None),
    ("br", 1000, None), ("identity", 1000, None), ("gzip;q=0", 1000, None), (None, 1000, None), ("gzip", 200_000, "gzip"),
])
def test_long_answers_are_compressed_for_who_takes_that(api, accept, length, coding):
    api.client.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/minimumCompressionSize", "100")))
    api.mock("GET", "/", "x" * length)
    api.deploy()
    called = api.call("GET", "/", **({"Accept_Encoding": accept} if accept else {}))
    assert called.headers.get("content-encoding") == coding
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[coding]
    assert unpack(called.body) == b"x" * length
    assert int(called.headers["content-length"]) == len(called.body)


def test_nothing_is_compressed_unless_the_api_says_so(api):
    api.mock("GET", "/", "x" * 1000)
    api.deploy()
    assert "content-encoding" not in api.call("GET", "/", Accept_Encoding="gzip").headers


PACK = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "GZIP": gzip.compress}


@pytest.mark.parametrize("coding", PACK)
def test_compressed_requests_are_unpacked_before_anything_is_mapped(api, backend, coding):
    uri = f"http://{backend.address}/"
    http_post = {"integrationHttpMethod": "POST", "uri": uri}
    api.method("POST", "/mapped", {"type": "HTTP", **http_post, "requestTemplates": {JSON: '[$input.json("$.a")]'}})
    api.method("POST", "/proxied", {"type": "HTTP_PROXY", **http_post}, {})
    api.method("POST", "/signed", {"type": "HTTP_PROXY", **http_post}, {}, authorizationType="AWS_IAM")
    api.deploy()
    body = json.dumps({"a": "x" * 100_000})
    packed = PACK[coding](body.encode())
    headers = {"Content_Type": JSON, "Content_Encoding": coding}
    assert api.call("POST", "/mapped", packed, **headers).json()["body"] == json.dumps(["x" * 100_000])
    seen = api.call("POST", "/proxied", packed, **headers).json()
    assert seen["body"] == body and "content-encoding" not in seen["headers"]
    assert seen["headers"]["content-length"] == str(len(body))
    # What is signed is what is sent.
    assert api.signed("POST", "/signed", packed, Content_Encoding=coding).json()["body"] == body
    assert api.signed("POST", "/signed", packed, secret="wrong", Content_Encoding=coding).status == 403


@pytest.mark.parametrize(("coding", "body", "status"), [
    ("identity", b"{}", 200), ("gzip", b"", 200), ("br", b"{}", 415), ("gzip", b"{}", 415), ("deflate", b"{}", 415),
    ("gzip", gzip.compress(b"{}")[:-4], 415), ("gzip", gzip.compress(b"{}") + b"!", 415), ("gzip, gzip", b"{}", 415),
    ("gzip", gzip.compress(b"x" * (10 * 1024 * 1024 + 1)), 413), ("gzip", gzip.compress(b"x" * 10 * 1024 * 1024), 200),
], ids=str)
def test_what_is_not_compressed_as_it_says_is_refused(api, coding, body, status):
    api.mock("POST", "/", "ok")
    api.deploy()
    called = api.call("POST", "/", body, Content_Encoding=coding, Content_Type=JSON)
    expect = {200: "ok", 413: {"message": "Request Too Long"}, 415: {"message": "Unsupported Media Type"}}[status]
    assert (called.status, called.text if status == 200 else called.json()) == (status, expect)


def test_objects_that_pass_through_count_as_bodies(tmp_path):
    """One large object of a caller that takes nothing: the next has no room."""
    with own_server(tmp_path, "--limit", "bodies-in-flight-bytes-max=9000000") as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="large")
        s3.put_object(Bucket="large", Key="object", Body=b"x" * 8_000_000)
        own = Api(server)
        own.method("GET", "/", {
            "type": "AWS", "integrationHttpMethod": "GET", "credentials": ROLE,
            "uri": "arn:aws:apigateway:us-east-1:s3:path/large/object"})
        own.deploy()
        assert len(own.call("GET", "/").body) == 8_000_000
        eventually(lambda: in_flight(server) == 0)
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            holder.connect(("127.0.0.1", int(server.gateway.rsplit(":", 1)[1])))
            holder.sendall(request(server, "/", api_id=own.id))
            eventually(lambda: in_flight(server) >= 8_000_000)
            assert own.call("GET", "/").status == 503
        eventually(lambda: in_flight(server) == 0)
        assert len(own.call("GET", "/").body) == 8_000_000


def test_a_stage_writes_a_line_for_each_call(api, gateway_server):
    api.mock("GET", "/pets/{id}", "hello")
    api.deploy()
    group = f"/gateway/{api.id}"
    line = ("$context.requestId $context.httpMethod $context.resourcePath $context.status $context.responseLength "
            "$context.error.responseType $context.nothing $context.identity.sourceIp")
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(
        ("replace", "/accessLogSettings/destinationArn", f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"),
        ("replace", "/accessLogSettings/format", line)))
    calls = [api.call("GET", "/pets/7"), api.call("GET", "/cats")]
    logs = gateway_server.client("logs")
    assert [g["logGroupName"] for g in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [group]
    events = logs.get_log_events(logGroupName=group, logStreamName=f"{api.id}/dev", startFromHead=True)["events"]
    ids = [called.headers["x-amzn-requestid"] for called in calls]
    refused = calls[1].headers["content-length"]
    assert [event["message"] for event in events] == [
        f"{ids[0]} GET /pets/{{id}} 200 5 - - 127.0.0.1",
        f"{ids[1]} GET - 403 {refused} MISSING_AUTHENTICATION_TOKEN - 127.0.0.1",
    ]


# Kill -9.


def test_a_deployment_is_all_or_nothing_whenever_the_server_dies(start_server):
    """Deploys one version after another, and kills the server at a moment of its own each time. What was
    acknowledged is served after it, or what was asked for last, whole: two methods of one version."""
    server = start_server()
    own = Api(server)
    places = [own.mock("GET", path, "0") for path in ("/a", "/b")]
    own.deploy()
    acknowledged, moments = 0, random.Random(kill_seed())
    for _ in range(5):
        killer = threading.Timer(moments.uniform(0.02, 0.25), server.kill9)
        killer.start()
        asked = acknowledged
        try:
            while True:
                asked += 1
                for place in places:
                    own.client.update_integration_response(**place, statusCode="200", patchOperations=patch(
                        ("replace", "/responseTemplates/application~1json", str(asked))))
                own.deploy()
                acknowledged = asked
        except Exception as error:
            assert "Connect" in type(error).__name__ or "Connection" in type(error).__name__, error
        killer.join()
        server.start()
        own.server, own.client = server, server.client("apigateway")
        served = [own.call("GET", path) for path in ("/a", "/b")]
        texts = {called.text for called in served}
        assert {called.status for called in served} == {200}
        assert len(texts) == 1 and int(texts.pop()) in (acknowledged, asked)
        kept = own.client.get_stage(restApiId=own.id, stageName="dev")["deploymentId"]
        ids = [d["id"] for d in own.client.get_deployments(restApiId=own.id, limit=500)["items"]]
        assert kept in ids
        acknowledged = int(served[0].text)
