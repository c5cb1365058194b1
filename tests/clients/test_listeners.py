"""The two doors, what each answers to strangers, and what is refused at the start."""

import re
import socket
import subprocess
import time
import urllib.request

import pytest

from artifacts import leaf
from server import Server, binary, environment, eventually
from signed import Request, operation

MISSING_TOKEN = {"message": "Missing Authentication Token"}


def get(address: str, path: str, **headers: str):
    return Request(path, b"", headers, "GET").send(address)


@pytest.mark.parametrize("path", ["/", "/prod/x", "/restapis/abc/prod/_user_request_/x", "/_clary/health"])
def test_the_gateway_knows_no_api_yet(server, path):
    answer = get(server.gateway, path)
    assert (answer.status, answer.json()) == (403, MISSING_TOKEN)
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert answer.headers["x-amzn-requestid"]


def test_the_gateway_does_not_serve_aws_apis(server):
    answer = operation("ListEndpoints", {}).signed(server.gateway).send(server.gateway)
    assert (answer.status, answer.json()) == (403, MISSING_TOKEN)


def test_health_is_open(server):
    assert get(server.api, "/_clary/health").status == 200
    assert get(server.api, "/_clary/health", Host="clary.example.com").status == 200


def test_balancers_may_ask_for_health_with_head(server):
    asked = urllib.request.Request(server.api + "/_clary/health", method="HEAD")
    with urllib.request.urlopen(asked, timeout=5) as answer:
        assert (answer.status, answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) > 0


def test_metrics_need_a_loopback_host(server):
    answer = get(server.api, "/_clary/metrics")
    assert answer.status == 200
    assert "# TYPE" in answer.body.decode()
    for host in ("clary.example.com", "127.0.0.1.example.com", "localhost.example.com"):
        refused = get(server.api, "/_clary/metrics", Host=host)
        assert refused.status in (401, 403), host
        assert "# TYPE" not in refused.body.decode()


def test_a_token_opens_metrics_to_any_host(start_server):
    own = start_server("--admin-token", "open-sesame", ephemeral=True)
    host = "clary.example.com"
    for token, status in [("open-sesame", {200}), ("open-sesam", {401, 403}), ("", {401, 403})]:
        answer = get(own.api, "/_clary/metrics", Host=host, Authorization=f"Bearer {token}")
        assert answer.status in status, token


def test_invocations_are_counted(start_server, deploy_to):
    own = start_server(ephemeral=True)
    deploy_to(own)("counted", {"xgboost-model": leaf(1.0)})
    runtime = own.client("sagemaker-runtime")
    for _ in range(3):
        runtime.invoke_endpoint(EndpointName="counted", ContentType="text/csv", Body=b"1\n")
    lines = get(own.api, "/_clary/metrics").body.decode().splitlines()
    counted = [
        line for line in lines if "invocations" in line.lower() and "counted" in line and line.endswith(" 3")
    ]
    assert counted, "\n".join(lines)


def test_reset_empties_an_ephemeral_server(start_server, deploy_to):
    own = start_server(ephemeral=True)
    deploy = deploy_to(own)
    deploy("e", {"xgboost-model": leaf(1.0)})
    told = "/_clary/requests/" + deploy.sm.list_models()["ResponseMetadata"]["RequestId"]
    assert get(own.api, told).status == 200
    assert Request("/_clary/reset", b"").send(own.api).status in (200, 204)
    assert get(own.api, told).status == 404
    assert deploy.sm.list_endpoints()["Endpoints"] == []
    assert deploy.sm.list_models()["Models"] == []
    assert deploy.s3.list_buckets()["Buckets"] == []
    deploy_to(own)("e", {"xgboost-model": leaf(2.0)})
    runtime = own.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="e", ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == 2.0


def test_reset_needs_a_loopback_host(start_server, deploy_to):
    own = start_server(ephemeral=True)
    deploy = deploy_to(own)
    deploy.model("m", {"xgboost-model": leaf(1.0)})
    refused = Request("/_clary/reset", b"", {"Host": "evil.example.com"}).send(own.api)
    assert refused.status in (401, 403)
    assert len(deploy.sm.list_models()["Models"]) == 1


@pytest.mark.parametrize("path", ["/_clary/reset", "/_clary/clock"])
def test_a_server_that_keeps_its_state_has_no_reset(start_server, path):
    own = start_server()
    assert Request(path, b"{}").send(own.api).status == 404


def test_one_address_serves_both(start_server, deploy_to):
    # A port that was free a moment ago: the kernel does not hand it out again at once.
    probe = start_server(ephemeral=True)
    address = probe.gateway.removeprefix("http://")
    probe.stop()
    own = start_server("--api", address, "--gateway", address, ephemeral=True)
    assert own.api == own.gateway
    deploy_to(own)("e", {"xgboost-model": leaf(1.0)})
    by_path = get(own.api, "/restapis/abc/prod/_user_request_/x")
    by_host = get(own.api, "/prod/x", Host="abc.execute-api.localhost")
    for answer in (by_path, by_host):
        assert (answer.status, answer.json()) == (403, MISSING_TOKEN)


def refused_start(tmp_path, *arguments: str) -> str:
    command = [binary(), "serve", "--data-dir", str(tmp_path / "data"), "--ephemeral", *arguments]
    ended = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "panicked" not in ended.stderr
    return ended.stderr


def test_plain_text_on_a_network_is_refused(tmp_path):
    said = refused_start(tmp_path, "--api", "0.0.0.0:0", "--gateway", "127.0.0.1:0")
    assert "--allow-plaintext" in said


@pytest.mark.parametrize("leave", ["--allow-plaintext", "--tls-self-signed"])
def test_a_network_address_can_be_allowed(tmp_path, leave):
    # An address that no machine has (RFC 5737): the server gets as far as binding it.
    said = refused_start(tmp_path, "--api", "192.0.2.1:0", "--gateway", "127.0.0.1:0", leave)
    assert "can't listen on 192.0.2.1" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--api", "nonsense"), "nonsense"),
        (("--api", "localhost:8600"), "give an IP address and a port, such as `127.0.0.1:8600`"),
        (("--account", "12"), "12"),
        (("--config", "/does/not/exist.toml"), "/does/not/exist.toml"),
        (("--no-such-flag",), "--no-such-flag"),
    ],
)
def test_bad_arguments_are_named(tmp_path, arguments, said):
    assert said in refused_start(tmp_path, *arguments)


def test_more_threads_than_files_may_be_open_are_refused(tmp_path):
    command = ["prlimit", "--nofile=64:64", binary(), "serve", "--data-dir", str(tmp_path / "data")]
    command += ["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--threads", "100"]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.search(r"can't listen on 127\.0\.0\.1:\d+ with 100 threads; give fewer as `--threads`", ended.stderr)


def test_connections_that_cannot_be_accepted_are_told_of_once(tmp_path):
    own = Server(tmp_path / "data", "--threads", "1", wrap=["prlimit", "--nofile=64:64"], ephemeral=True).start()
    try:
        host, port = own.api.removeprefix("http://").split(":")
        held = [socket.create_connection((host, int(port))) for _ in range(80)]
        told = "connections can't be accepted and wait until they can; if too many files are open, raise the hard limit"
        eventually(lambda: told in own.stderr())
        # It goes on trying, every 50 ms.
        time.sleep(0.3)
        assert own.stderr().count(told) == 1
        for connection in held:
            connection.close()
        assert get(own.api, "/_clary/health").status == 200
    finally:
        own.close()


def test_an_address_in_use_is_named(tmp_path, server):
    address = server.api.removeprefix("http://")
    assert address in refused_start(tmp_path, "--api", address, "--gateway", "127.0.0.1:0")


def test_half_of_the_root_credentials_is_refused(tmp_path):
    half = environment()
    del half["CLARY_ROOT_SECRET_ACCESS_KEY"]
    command = [binary(), "serve", "--data-dir", str(tmp_path / "data"), "--api", "127.0.0.1:0"]
    ended = subprocess.run(command, env=half, capture_output=True, text=True, timeout=20)
    assert ended.returncode != 0
    assert "CLARY_ROOT_SECRET_ACCESS_KEY" in ended.stderr


def test_generated_root_credentials_are_private_and_work(tmp_path):
    own = Server(tmp_path / "data")
    keyless = {k: v for k, v in environment().items() if not k.startswith("CLARY_ROOT_")}
    command = [binary(), "serve", "--data-dir", str(own.data_dir), "--api", "127.0.0.1:0"]
    command += ["--gateway", "127.0.0.1:0"]
    process = subprocess.Popen(
        command, env=keyless, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("clary ready api=http://"), line
        credentials = own.data_dir / "credentials"
        assert credentials.stat().st_mode & 0o777 == 0o600
        printed = subprocess.run(
            [binary(), "env", "--data-dir", str(own.data_dir)],
            env=keyless, capture_output=True, text=True, timeout=20, check=True,
        ).stdout
        exported = dict(
            row.removeprefix("export ").split("=", 1) for row in printed.splitlines() if row.startswith("export ")
        )
        own.api = exported["AWS_ENDPOINT_URL"].strip("'\"")
        keys = [exported[f"AWS_{name}"].strip("'\"") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
        assert own.client("sagemaker", *keys).list_models()["Models"] == []
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


