"""Running a server: configuration, limits, the drain, the clock of test suites, logs."""

import http.client
import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from artifacts import leaf
from server import binary, environment, eventually

COVTYPE = Path(__file__).resolve().parents[2] / "examples" / "covtype"
HEAVY_ROWS = 40_000


@pytest.fixture
def heavy_body() -> bytes:
    """Rows enough that a call of the forest cover model takes tens of milliseconds."""
    row = (COVTYPE / "payload.csv").read_bytes().splitlines()[0]
    return b"\n".join([row] * HEAVY_ROWS)


def configured(tmp_path, text: str) -> tuple[str, str]:
    path = tmp_path / "clary.toml"
    path.write_text(text)
    return "--config", str(path)


def connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def test_a_configuration_file_sets_what_flags_set(start_server, tmp_path):
    flags = configured(tmp_path, 'region = "eu-west-1"\naccount = "123456789012"\n')
    server = start_server(*flags, ephemeral=True)
    note = json.loads((server.data_dir / "server.json").read_text())
    assert (note["region"], note["account"]) == ("eu-west-1", "123456789012")
    flagged = start_server(*flags, "--region", "eu-west-2", ephemeral=True)
    note = json.loads((flagged.data_dir / "server.json").read_text())
    assert note["region"] == "eu-west-2", "flags win"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("regoin = 'x'", "regoin"),
        ("account = '12'", "twelve digits"),
        ("[limits]\npayload-bytes-max = -1", "payload-bytes-max"),
        ("region = ", "line 1"),
    ],
)
def test_a_bad_configuration_file_is_explained(tmp_path, text, said):
    command = [binary(), "serve", "--ephemeral", *configured(tmp_path, text)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and said in done.stderr, done.stderr


def test_the_payload_limit_is_a_setting(start_server, deploy_to, tmp_path, refused):
    flags = configured(tmp_path, "[limits]\npayload-bytes-max = 10\n")
    server = start_server(*flags, ephemeral=True)
    name = deploy_to(server)("small", {"model.json": leaf(1.0)})
    runtime = server.client("sagemaker-runtime")
    call = {"EndpointName": name, "ContentType": "text/csv"}
    assert runtime.invoke_endpoint(Body=b"1", **call)["Body"].read() == b"1.0\n"
    error = refused(runtime.invoke_endpoint, Body=b"1" * 11, **call)
    assert (error.status, error.code) == (400, "ValidationError")
    assert "10 bytes" in error.message


def test_an_instance_that_is_busy_refuses_and_recovers(
    start_server, deploy_to, tmp_path, heavy_body
):
    flags = configured(tmp_path, "[limits]\ncalls-per-instance = 1\n")
    server = start_server(*flags, ephemeral=True)
    name = deploy_to(server)("busy", COVTYPE / "model")
    runtime = server.client("sagemaker-runtime")

    def call(_) -> tuple[int, str]:
        try:
            reply = runtime.invoke_endpoint(
                EndpointName=name, ContentType="text/csv", Body=heavy_body
            )
            return len(reply["Body"].read().splitlines()), ""
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert error.response["Error"]["Code"] == "ServiceUnavailable"
            return status, error.response["Error"]["Message"]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(call, range(24)))
    answers = [rows for rows, said in outcomes if not said]
    refusals = [said for _, said in outcomes if said]
    assert answers and set(answers) == {HEAVY_ROWS}
    assert refusals and all("no free capacity" in said for said in refusals), outcomes
    assert call(0) == (HEAVY_ROWS, "")
    metrics = server_metrics(server)
    assert f'clary_in_flight{{endpoint="{name}",variant="AllTraffic"}} 0' in metrics


def server_metrics(server) -> str:
    connection = connect(server.api)
    connection.request("GET", "/_clary/metrics")
    return connection.getresponse().read().decode()


def test_a_call_in_flight_survives_the_end_of_the_server(start_server, deploy_to, heavy_body):
    server = start_server(ephemeral=True)
    name = deploy_to(server)("drained", COVTYPE / "model")
    runtime = server.client("sagemaker-runtime")

    def call() -> int:
        reply = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=heavy_body)
        return len(reply["Body"].read().splitlines())

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(call)
        eventually(lambda: f'clary_in_flight{{endpoint="{name}",variant="AllTraffic"}} 1' in
                   server_metrics(server) or running.done())
        server.process.send_signal(signal.SIGTERM)
        assert running.result(timeout=20) == HEAVY_ROWS
    assert server.process.wait(20) == 0


def test_an_idle_connection_does_not_hold_up_the_end(start_server):
    server = start_server(ephemeral=True)
    idle = connect(server.api)
    idle.request("GET", "/_clary/health")
    idle.getresponse().read()
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 5


def test_the_clock_of_a_test_suite_can_be_advanced(start_server):
    server = start_server(ephemeral=True)
    connection = connect(server.api)
    connection.request("POST", "/_clary/clock", body=json.dumps({"advance_seconds": 3600}))
    reply = connection.getresponse()
    now = json.loads(reply.read())["now"]
    assert reply.status == 200 and 3500 < now - time.time() < 3700
    # Clients sign with their own clocks, which did not move.
    sm = server.client("sagemaker")
    sm.create_model(
        ModelName="later", PrimaryContainer={"Image": "xgboost"}, ExecutionRoleArn="arn:aws:iam::000000000000:role/m"
    )
    assert sm.describe_model(ModelName="later")["CreationTime"].timestamp() - time.time() > 3500


@pytest.mark.parametrize("body", [b"", b"{}", b'{"advance_seconds": -1}', b'{"advance_seconds": "1"}'])
def test_a_bad_advance_says_what_to_send(server, body):
    connection = connect(server.api)
    connection.request("POST", "/_clary/clock", body=body)
    reply = connection.getresponse()
    assert reply.status == 400 and b"advance_seconds" in reply.read()


def test_a_head_over_the_limit_is_refused_and_the_server_lives(server):
    connection = connect(server.api)
    connection.request("GET", "/_clary/health", headers={"x-long": "x" * 300_000})
    assert connection.getresponse().status == 431
    again = connect(server.api)
    again.request("GET", "/_clary/health")
    assert again.getresponse().status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_400(server, head):
    connection = connect(server.api)
    connection.connect()
    connection.sock.sendall(head)
    assert connection.sock.recv(1000).startswith(b"HTTP/1.1 400")


def test_log_lines_can_be_json_and_name_the_request(start_server, refused):
    server = start_server("--log-format", "json", ephemeral=True)
    error = refused(server.client("sagemaker").describe_model, ModelName="none")
    request_id = error.body["ResponseMetadata"]["RequestId"]
    lines = [json.loads(line) for line in server.stderr().splitlines()]
    (answered,) = [line["fields"] for line in lines if line["fields"].get("request_id") == request_id]
    assert (answered["operation"], answered["status"]) == ("DescribeModel", 400)


def test_a_bad_log_filter_is_named():
    command = [binary(), "serve", "--ephemeral", "--log", "a=b=c"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode != 0 and "a=b=c" in done.stderr
