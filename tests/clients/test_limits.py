"""Limits and abuse at the doors, over raw sockets: what is refused, how, and that others are served.

Servers here have tiny limits. Time limits are waited for until they strike; nothing is timed.
"""

import contextlib
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from artifacts import leaf
from rest_apis import Api
from server import eventually
from signed import Request, operation

PATIENCE_SECONDS = 20
HEALTH = b"GET /_clary/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Reply:
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def message(self) -> str:
        """The text of a JSON error."""
        error = json.loads(self.body)
        return error.get("message") or error.get("Message")


class Wire:
    """A connection on which anything can be said."""

    def __init__(self, address: str, source: str = "127.0.0.1"):
        netloc = urlsplit(address)
        place = (netloc.hostname, netloc.port)
        self.socket = socket.create_connection(place, PATIENCE_SECONDS, (source, 0))
        self.input = self.socket.makefile("rb")

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def reply(self) -> Reply:
        """The next answer; it must have a length."""
        status = int(self.input.readline().split()[1])
        headers = {}
        while line := self.input.readline().strip():
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        return Reply(status, headers, self.input.read(int(headers["content-length"])))

    def is_closed(self) -> bool:
        """Waits for the other side's end; anything else that comes is a failure."""
        try:
            rest = self.input.read()
        except ConnectionResetError:
            return True
        assert rest == b"", rest[:200]
        return True

    def close(self) -> None:
        self.input.close()
        self.socket.close()


@pytest.fixture
def wire():
    """Opens connections, and closes them after the test."""
    with contextlib.ExitStack() as open_wires:

        def connect(address: str, **options) -> Wire:
            opened = Wire(address, **options)
            open_wires.callback(opened.close)
            return opened

        yield connect


def limited(start_server, **limits):
    """An ephemeral server with these limits."""
    flags = [
        part for name, value in limits.items() for part in ("--limit", f"{name.replace('_', '-')}={value}")
    ]
    return start_server(*flags, ephemeral=True)


def enforced(server, limit: str) -> int:
    """How often the limit was enforced, by the server's own count."""
    return int(metric(server, f'clary_limits_enforced_total{{limit="{limit}"}}'))


def metric(server, name: str) -> float:
    """The value of one metric."""
    text = Request("/_clary/metrics", b"", {}, "GET").send(server.api).body.decode()
    values = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith(name + " ")]
    assert len(values) == 1, f"{name}: {values}"
    return float(values[0])


def healthy(server) -> None:
    """Somebody else is served."""
    assert Request("/_clary/health", b"", {}, "GET").send(server.api).status == 200


def raw(request: Request, address: str) -> bytes:
    """A request as it goes over the wire."""
    headers = {"Host": urlsplit(address).netloc, "Content-Length": str(len(request.body))} | request.headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{request.method} {request.path} HTTP/1.1\r\n{lines}\r\n".encode() + request.body


# Heads.


@pytest.mark.parametrize("door", ["api", "gateway"])
@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Endless: " + b"x" * 9000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 90) for i in range(90)) + b"\r\n",
    ],
    ids=["whole", "endless", "many-lines"],
)
def test_a_head_that_is_too_long_is_refused(start_server, wire, door, head):
    own = limited(start_server, head_bytes_max=8000)
    connection = wire(getattr(own, door)).send(head)
    answer = connection.reply()
    assert answer.status == 431
    assert "head-bytes-max" in answer.message()
    assert connection.is_closed()
    assert enforced(own, "head-bytes-max") == 1


def test_a_head_may_be_as_long_as_the_limit(start_server, wire):
    own = limited(start_server, head_bytes_max=8000)
    head = b"GET /_clary/health HTTP/1.1\r\nHost: a\r\nX-Long: "
    for length, status in [(8000, 200), (8001, 431)]:
        request = head + b"x" * (length - len(head) - 4) + b"\r\n\r\n"
        assert len(request) == length
        assert wire(own.api).send(request).reply().status == status, length


@pytest.mark.parametrize("door", ["api", "gateway"])
def test_a_slow_head_is_cut_off_and_others_are_served(start_server, wire, door):
    own = limited(start_server, head_timeout_seconds=1)
    slow = [wire(getattr(own, door)).send(b"GET / HTTP/1.1\r\nHost: a\r\n") for _ in range(20)]
    healthy(own)
    done = threading.Event()

    def trickle() -> None:
        while not done.wait(0.1):
            with contextlib.suppress(OSError):
                slow[0].send(b"X: y\r\n")

    trickling = threading.Thread(target=trickle)
    trickling.start()
    try:
        for connection in slow:
            answer = connection.reply()
            assert answer.status == 408
            assert "head-timeout-seconds" in answer.message()
    finally:
        done.set()
        trickling.join()
    healthy(own)
    assert enforced(own, "head-timeout-seconds") == 20


def test_an_idle_connection_is_closed(start_server, wire):
    own = limited(start_server, idle_timeout_seconds=1)
    fresh, used = wire(own.api), wire(own.api)
    assert used.send(HEALTH).reply().status == 200
    assert fresh.is_closed()
    assert used.is_closed()
    assert enforced(own, "idle-timeout-seconds") == 2


@pytest.mark.parametrize("line", [b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_nonsense_is_answered_and_closed(server, wire, line):
    connection = wire(server.api).send(line)
    answer = connection.reply()
    assert answer.status == 400
    assert "HTTP/1.1" in answer.message()
    assert connection.is_closed()


# Smuggling.


@pytest.mark.parametrize(
    "headers",
    [
        b"Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Host: a\r\ncONTENT-lENGTH: 4\r\nTransfer-encoding: CHUNKED\r\n",
        b"Host: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
        b"Host: a\r\nContent-Length: 4, 5\r\n",
        b"Host: a\r\nContent-Length: +4\r\n",
        b"Host: a\r\nTransfer-Encoding: chunked, identity\r\n",
        b"Host: a\r\nContent-Length : 4\r\n",
        b"Host: a\r\nHost: b\r\nContent-Length: 0\r\n",
        b"Content-Length: 0\r\n",
    ],
    ids=["cl-te", "te-cl", "odd-case", "two-cl", "cl-list", "cl-sign", "te-last", "space", "two-hosts", "no-host"],
)
@pytest.mark.parametrize("door", ["api", "gateway"])
def test_a_request_of_two_meanings_is_refused(server, wire, door, headers):
    smuggled = b"0\r\n\r\nGET /_clary/health HTTP/1.1\r\nHost: a\r\n\r\n"
    connection = wire(getattr(server, door)).send(b"POST / HTTP/1.1\r\n" + headers + b"\r\n" + smuggled)
    assert connection.reply().status == 400
    assert connection.is_closed(), "the second request must not be answered"


def test_chunks_alone_are_fine(server, wire):
    body = b"5\r\n1,2,3\r\n0\r\n\r\n"
    head = b"POST /endpoints/none/invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = wire(server.api)
    for _ in range(2):
        answer = connection.send(head + body).reply()
        assert "MissingAuthenticationToken" in answer.headers["x-amzn-errortype"]


# Connections.


def test_pipelined_requests_are_answered_in_order(server, wire):
    connection = wire(server.api).send(HEALTH + b"GET /_clary/nothing HTTP/1.1\r\nHost: a\r\n\r\n" + HEALTH)
    assert [connection.reply().status for _ in range(3)] == [200, 404, 200]
    assert connection.send(HEALTH).reply().status == 200


def test_a_half_closed_connection_ends(server, wire):
    for sent in (b"", b"GET / HT", HEALTH):
        connection = wire(server.api).send(sent)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.input.read()
    healthy(server)


def test_connections_beyond_the_limit_are_told_so(start_server, wire):
    own = limited(start_server, connections_max=3)
    held = [wire(own.api) for _ in range(3)]
    for connection in held:
        assert connection.send(HEALTH).reply().status == 200
    for door in (own.api, own.gateway):
        answer = wire(door).send(HEALTH).reply()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert "connections-max" in answer.message()
    held[0].close()
    eventually(lambda: answers(wire(own.api)))
    assert held[1].send(HEALTH).reply().status == 200


def answers(connection: Wire) -> bool:
    """Whether the connection was let in."""
    served = connection.send(HEALTH).reply().status == 200
    connection.close()
    return served


def test_connections_of_one_client_are_limited(start_server, wire):
    own = limited(start_server, connections_per_client_max=2)
    held = [wire(own.api) for _ in range(2)]
    for connection in held:
        assert connection.send(HEALTH).reply().status == 200
    answer = wire(own.api).send(HEALTH).reply()
    assert answer.status == 503
    assert "connections-per-client-max" in answer.message()


def test_many_idle_connections_do_no_harm(start_server, wire):
    own = limited(start_server, connections_max=2000)
    idle = [wire(own.api) for _ in range(600)]
    healthy(own)
    eventually(lambda: metric(own, "clary_connections") >= 600)
    for connection in idle[::50]:
        assert connection.send(HEALTH).reply().status == 200


# Bodies.


def test_a_slow_body_is_refused(start_server, wire):
    own = limited(start_server, body_timeout_seconds=1)
    requests = [Request("/endpoints/e/invocations", b"1,2,3"), operation("ListModels", {})]
    slow = [wire(own.api).send(raw(request.signed(own.api), own.api)[:-1]) for request in requests]
    healthy(own)
    for connection in slow:
        answer = connection.reply()
        assert answer.status == 408
        assert "body-timeout-seconds" in answer.message()
        assert connection.is_closed()
    assert enforced(own, "body-timeout-seconds") == 2


def test_bodies_in_memory_are_bounded_together(start_server, wire):
    own = limited(start_server, bodies_in_flight_bytes_max=1_000_000)
    body = b"1" * 800_000
    request = raw(Request("/endpoints/e/invocations", body).signed(own.api), own.api)
    first = wire(own.api).send(request[:-1])
    eventually(lambda: metric(own, "clary_bodies_in_flight_bytes") >= 700_000)
    second = wire(own.api).send(request)
    answer = second.reply()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert "bodies-in-flight-bytes-max" in answer.message()
    small = Request("/endpoints/e/invocations", b"1").signed(own.api).send(own.api)
    assert small.status == 400, "a small body needs no room: it is the endpoint that is not there"
    assert first.send(request[-1:]).reply().status == 400
    eventually(lambda: metric(own, "clary_bodies_in_flight_bytes") == 0)
    assert Request("/endpoints/e/invocations", body).signed(own.api).send(own.api).status == 400
    assert enforced(own, "bodies-in-flight-bytes-max") == 1


def test_a_body_that_is_too_long_names_the_setting(start_server):
    own = limited(start_server, payload_bytes_max=1000, control_bytes_max=2000)
    long = Request("/endpoints/e/invocations", b"1" * 1001).signed(own.api).send(own.api)
    assert long.status == 400
    assert "payload-bytes-max" in long.body.decode()
    control = operation("ListModels", b"{" + b" " * 2000 + b"}").signed(own.api).send(own.api)
    assert control.status == 413
    assert "control-bytes-max" in control.body.decode()
    assert (enforced(own, "payload-bytes-max"), enforced(own, "control-bytes-max")) == (1, 1)


def test_an_answer_that_is_too_long_is_the_models_error(start_server, deploy_to, refused):
    own = limited(start_server, answer_bytes_max=100)
    deploy_to(own)("e", {"xgboost-model": leaf(1.0)})
    runtime = own.client("sagemaker-runtime")
    call = {"EndpointName": "e", "ContentType": "text/csv"}
    assert runtime.invoke_endpoint(Body=b"1\n" * 10, **call)["Body"].read()
    error = refused(runtime.invoke_endpoint, Body=b"1\n" * 200, **call)
    assert (error.status, error.code) == (424, "ModelError")
    assert "answer-bytes-max" in error.message
    assert enforced(own, "answer-bytes-max") == 1


def test_who_does_not_read_an_answer_is_cut_off(start_server, wire):
    own = limited(start_server, stall_timeout_seconds=1)
    s3 = own.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=b"x" * 30_000_000)
    url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "large"})
    path = url.removeprefix(own.api)
    connection = wire(own.api).send(f"GET {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode())
    eventually(lambda: enforced(own, "stall-timeout-seconds") == 1)
    read = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.socket.recv(1 << 20):
            read += len(piece)
    assert read < 30_000_000


@pytest.mark.parametrize("depth", [100, 100_000])
def test_deep_json_does_no_harm(server, deploy, fresh, depth):
    deep = b"[" * depth + b"]" * depth
    control = operation("ListModels", b'{"NameContains":' + deep + b"}").signed(server.api).send(server.api)
    assert 400 <= control.status < 500
    name = deploy(fresh(), {"xgboost-model": leaf(1.0)})
    headers = {"Content-Type": "application/json"}
    request = Request(f"/endpoints/{name}/invocations", deep, headers).signed(server.api)
    assert request.send(server.api).status == 424


# Calls of one client.


def test_calls_of_one_client_are_limited_in_each_protocol(start_server, refused):
    own = limited(start_server, calls_per_second_per_client=0.001, calls_burst_per_client=2)
    for _ in range(2):
        assert own.client("sagemaker").list_models()["Models"] == []
    expected = {
        "sagemaker": (400, "ThrottlingException", lambda client: client.list_models),
        "sts": (400, "Throttling", lambda client: client.get_caller_identity),
        "s3": (503, "SlowDown", lambda client: client.list_buckets),
    }
    for service, (status, code, call) in expected.items():
        error = refused(call(own.client(service)))
        assert (error.status, error.code) == (status, code)
        assert "calls-per-second-per-client" in error.message
        assert int(error.body["ResponseMetadata"]["HTTPHeaders"]["retry-after"]) >= 1
    runtime = own.client("sagemaker-runtime")
    error = refused(runtime.invoke_endpoint, EndpointName="e", Body=b"1")
    assert (error.status, error.code) == (429, "ThrottlingException")
    public = Request("/prod/x", b"", {}, "GET").send(own.gateway)
    assert (public.status, public.json()) == (429, {"message": "Too Many Requests"})
    healthy(own)
    assert enforced(own, "calls-per-second-per-client") == 5


def test_calls_of_one_key_are_limited_in_each_protocol(start_server, refused):
    own = limited(start_server, calls_per_second_per_key=0.001, calls_burst_per_key=2)
    stranger = own.client("sagemaker", secret="wrong")
    for _ in range(5):  # who has not the secret uses nothing up
        assert refused(stranger.list_models).code == "InvalidSignatureException"
    assert own.client("sagemaker").list_models()["Models"] == []
    assert own.client("s3").list_buckets()["Buckets"] == []
    presigned_v2 = own.client("s3", signature_version="s3").generate_presigned_url("list_buckets")
    answer = Request(presigned_v2.removeprefix(own.api), b"", {}, "GET").send(own.api)
    assert (answer.status, b"<Code>SlowDown</Code>" in answer.body) == (503, True)
    expected = {
        "sagemaker": (400, "ThrottlingException", lambda client: client.list_models),
        "sts": (400, "Throttling", lambda client: client.get_caller_identity),
        "apigateway": (429, "ThrottlingException", lambda client: client.get_rest_apis),
        "s3": (503, "SlowDown", lambda client: client.list_buckets),
    }
    for service, (status, code, call) in expected.items():
        error = refused(call(own.client(service)))
        assert (error.status, error.code) == (status, code)
        assert "calls-per-second-per-key" in error.message
    runtime = own.client("sagemaker-runtime")
    error = refused(runtime.invoke_endpoint, EndpointName="e", Body=b"1")
    assert (error.status, error.code) == (429, "ThrottlingException")
    public = Request("/prod/x", b"", {}, "GET").send(own.gateway)
    assert public.status == 403, "what nobody signs is held to no key"
    healthy(own)
    assert enforced(own, "calls-per-second-per-key") == 6


def test_signed_calls_of_rest_apis_are_held_to_their_key(start_server):
    own = limited(start_server, calls_per_second_per_key=0.001, calls_burst_per_key=20)
    api = Api(own)
    api.mock("GET", "/signed", "ok", authorizationType="AWS_IAM")
    api.mock("GET", "/open", "ok")
    api.deploy()
    for _ in range(5):  # who has not the secret uses nothing up
        assert api.signed("GET", "/signed", secret="wrong").status == 403
    # The calls that made the API were the key's, too.
    answers = [api.signed("GET", "/signed") for _ in range(20)]
    statuses = [answer.status for answer in answers]
    allowed = statuses.index(429)
    assert 0 < allowed and set(statuses[:allowed]) == {200} and set(statuses[allowed:]) == {429}
    last = answers[-1]
    assert (last.json(), last.headers["x-amzn-errortype"]) == ({"message": "Too Many Requests"}, "TooManyRequestsException")
    assert api.call("GET", "/open").text == "ok", "what nobody signs is held to no key"
    assert enforced(own, "calls-per-second-per-key") == 20 - allowed


# Uploads.


def test_uploads_never_starve_invocations_nor_others_uploads(start_server, deploy_to, wire):
    own = limited(start_server, uploads_max=4, upload_wait_seconds=0)
    deploy_to(own)("e", {"xgboost-model": leaf(1.0)})
    s3, runtime = own.client("s3"), own.client("sagemaker-runtime")
    s3.create_bucket(Bucket="bucket")
    body = b"x" * 2_000_000
    stalled = [(wire(own.api), presigned(s3, own, f"{number}", body)) for number in range(3)]
    for connection, request in stalled:
        connection.send(request[:-1])
    eventually(lambda: metric(own, "clary_uploads") == 3)
    for _ in range(50):
        answer = runtime.invoke_endpoint(EndpointName="e", ContentType="text/csv", Body=b"1\n")
        assert float(answer["Body"].read()) == 1.0

    greedy = wire(own.api).send(presigned(s3, own, "fourth", b"x" * 10_000)).reply()
    assert (greedy.status, greedy.headers["retry-after"]) == (503, "1")
    assert b"<Code>SlowDown</Code>" in greedy.body
    assert b"uploads-per-client-max" in greedy.body
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0, "what uploads nothing is served"

    elsewhere = {"source": "127.0.0.2"}
    other = wire(own.api, **elsewhere).send(presigned(s3, own, "other", b"x" * 10_000)).reply()
    assert other.status == 200, "another client has turns left"
    last = wire(own.api, **elsewhere), presigned(s3, own, "3", body)
    last[0].send(last[1][:-1])
    eventually(lambda: metric(own, "clary_uploads") == 4)
    late = wire(own.api, source="127.0.0.3").send(presigned(s3, own, "late", b"x")).reply()
    assert (late.status, b"`uploads-max`" in late.body) == (503, True)

    for connection, request in [*stalled, last]:
        assert connection.send(request[-1:]).reply().status == 200
    s3.put_object(Bucket="bucket", Key="fifth", Body=b"x" * 10_000)
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 6
    assert enforced(own, "uploads-max") == 1
    assert enforced(own, "uploads-per-client-max") == 1


def presigned(s3, server, key: str, body: bytes) -> bytes:
    """An upload to a presigned URL as it goes over the wire."""
    url = s3.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": key})
    path = url.removeprefix(server.api)
    head = f"PUT {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def test_a_stalled_upload_is_cut_off_and_leaves_nothing(start_server, wire):
    own = limited(start_server, stall_timeout_seconds=1)
    s3 = own.client("s3")
    s3.create_bucket(Bucket="bucket")
    connection = wire(own.api).send(presigned(s3, own, "key", b"x" * 100_000)[:-1])
    answer = connection.reply()
    assert (answer.status, b"RequestTimeout" in answer.body) == (400, True)
    assert b"stall-timeout-seconds" in answer.body
    assert connection.is_closed()
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
    assert enforced(own, "stall-timeout-seconds") == 1
    assert metric(own, "clary_uploads") == 0


def test_uploads_that_wait_get_their_turn(start_server):
    own = limited(start_server, uploads_max=1)
    s3 = own.client("s3")
    s3.create_bucket(Bucket="bucket")
    with ThreadPoolExecutor(8) as pool:
        puts = [
            pool.submit(s3.put_object, Bucket="bucket", Key=f"{number}", Body=b"x" * 100_000)
            for number in range(24)
        ]
        for put in puts:
            put.result()
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 24


# Settings.


@pytest.mark.parametrize(
    ("limit", "said"),
    [("uploads-max=0", "`uploads-max` is 0"), ("uploads=1", "uploads"), ("uploads-max", "has no value")],
)
def test_a_limit_that_makes_no_sense_is_named(start_server, limit, said):
    with pytest.raises(AssertionError, match="no ready line") as caught:
        start_server("--limit", limit, ephemeral=True)
    assert said in str(caught.value)


def test_limits_come_from_the_file_and_flags_win(start_server, wire, tmp_path):
    file = tmp_path / "clary.toml"
    file.write_text("[limits]\nhead-bytes-max = 9000\nconnections-max = 5\n")
    own = start_server("--config", str(file), "--limit", "head-bytes-max=300", ephemeral=True)
    answer = wire(own.api).send(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 400 + b"\r\n\r\n").reply()
    assert (answer.status, "(300" in answer.message() or "300 bytes" in answer.message()) == (431, True)
