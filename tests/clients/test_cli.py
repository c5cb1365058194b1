"""clary's own commands and the AWS CLI, as somebody types them at a shell."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from artifacts import IMAGE, ROLE, archive, leaf
from conftest import EXAMPLES
from server import KEY_ID, REGION, SECRET, binary, environment

COVTYPE = EXAMPLES / "covtype"


@pytest.fixture
def clary(server):
    """Runs a clary command against the shared server."""

    def run(*arguments: str, stdin: bytes = b"", fails: int = 0) -> str:
        command = [binary(), *arguments, "--data-dir", str(server.data_dir)]
        return finished(command, environment(), stdin, fails)

    return run


@pytest.fixture
def aws(server, tmp_path):
    """Runs an AWS CLI command against the shared server and returns its JSON output."""
    program = shutil.which("aws")
    assert program, "the AWS CLI is not on the PATH; use `cargo xtask test clients`"
    settings = server.environment(AWS_MAX_ATTEMPTS="1", AWS_PAGER="", HOME=str(tmp_path))

    def run(*arguments: str, fails: int = 0):
        printed = finished([program, *arguments, "--output", "json"], settings, b"", fails)
        return json.loads(printed) if printed.strip() and not fails else printed

    return run


def finished(command: list[str], settings: dict, stdin: bytes, status: int) -> str:
    """Runs to the end; returns stdout, or stderr of a command that has to fail."""
    done = subprocess.run(command, env=settings, input=stdin, capture_output=True, timeout=60)
    said = f"exit status {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    assert done.returncode == status, said
    assert "panicked" not in said
    return (done.stderr if status else done.stdout).decode()


@pytest.fixture
def model_file(tmp_path) -> Path:
    path = tmp_path / "model.json"
    path.write_bytes(leaf(2.25))
    return path


def test_deploy_invoke_status_logs_for_people(clary, model_file, fresh):
    name = fresh("cli")
    deployed = clary("deploy", str(model_file), "--name", name)
    assert f"`{name}`" in deployed and f"clary invoke {name}" in deployed
    assert float(clary("invoke", name, stdin=b"1\n")) == 2.25
    table = clary("status")
    (row,) = [line for line in table.splitlines() if line.startswith(name + " ")]
    assert "InService" in row and "AllTraffic" in row
    assert name in clary("status", name)
    clary("logs", name)


def test_deploy_invoke_status_for_scripts(clary, server, model_file, fresh, tmp_path):
    name = fresh("cli")
    deployed = json.loads(clary("deploy", str(model_file), "--name", name, "--json"))
    assert deployed["endpoint"] == name
    assert deployed["arn"].endswith(f":endpoint/{name}")
    assert deployed["url"] == f"{server.api}/endpoints/{name}/invocations"
    body = tmp_path / "body.csv"
    body.write_text("1\n")
    answer = json.loads(clary("invoke", name, "--body", str(body), "--json"))
    assert answer["variant"] == "AllTraffic"
    assert answer["content_type"].startswith("text/csv")
    assert float(answer["body"]) == 2.25
    (row,) = json.loads(clary("status", name, "--json"))
    assert (row["endpoint"], row["state"], row["variant"]) == (name, "InService", "AllTraffic")
    assert (row["instances"], row["weight"], row["invocations"], row["errors"]) == (1, 1.0, 1, 0)
    assert row["live"]["seconds"] >= 1
    everything = json.loads(clary("status", "--json", "--interval", "0"))
    (again,) = [each for each in everything if each["endpoint"] == name]
    assert again["live"] is None and again["invocations"] == 1


def test_status_watches_calls_and_errors_as_they_come(clary, server, runtime, model_file, fresh):
    name = fresh("watched")
    clary("deploy", str(model_file), "--name", name)
    command = [binary(), "status", name, "--watch", "--interval", "0.2", "--json", "--endpoint-url", server.api]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as watching:
        try:
            first = json.loads(watching.stdout.readline())[0]
            assert (first["live"]["calls_per_second"], first["live"]["model_us"]["p50"]) == (0, None)
            for content_type in ("text/csv", "text/csv", "image/png"):
                try:
                    runtime.invoke_endpoint(EndpointName=name, ContentType=content_type, Body=b"1\n")
                except runtime.exceptions.ModelError:
                    pass
            seen = [first]
            while seen[-1]["invocations"] < 3:
                seen.append(json.loads(watching.stdout.readline())[0])
        finally:
            watching.terminate()
    lives = [row["live"] for row in seen]
    assert round(sum(live["calls_per_second"] * live["seconds"] for live in lives)) == 3
    assert round(sum(live["errors_per_second"] * live["seconds"] for live in lives)) == 1
    busy = [live for live in lives if live["calls_per_second"] > 0]
    for times in (live[part] for live in busy for part in ("model_us", "overhead_us")):
        assert 0 < times["p50"] <= times["p99"]


@pytest.mark.parametrize("form", ["file", "folder", "archive"])
def test_a_model_is_deployed_in_any_form(clary, model_file, fresh, tmp_path, form):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "xgboost-model").write_bytes(leaf(2.25))
    packed = tmp_path / "model.tar.gz"
    packed.write_bytes(archive(folder))
    path = {"file": model_file, "folder": folder, "archive": packed}[form]
    name = fresh("form")
    clary("deploy", str(path), "--name", name)
    assert float(clary("invoke", name, stdin=b"1\n")) == 2.25


def test_replace_puts_another_model_under_the_name(clary, model_file, fresh):
    name = fresh("again")
    clary("deploy", str(model_file), "--name", name)
    model_file.write_bytes(leaf(7.5))
    refused = clary("deploy", str(model_file), "--name", name, fails=1)
    assert "--replace" in refused
    clary("deploy", str(model_file), "--name", name, "--replace")
    assert float(clary("invoke", name, stdin=b"1\n")) == 7.5


def test_a_failed_deployment_says_why_and_leaves_nothing(clary, sm, model_file, fresh):
    name = fresh("bad")
    model_file.write_bytes(b"no model at all")
    assert "xgboost-model" in clary("deploy", str(model_file), "--name", name, fails=1)
    assert sm.list_endpoints(NameContains=name)["Endpoints"] == []
    assert sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"] == []
    assert sm.list_models(NameContains=name)["Models"] == []


def test_the_model_s_complaint_reaches_the_shell_and_the_log(clary, model_file, fresh):
    name = fresh("cli")
    clary("deploy", str(model_file), "--name", name)
    said = clary("invoke", name, "--content-type", "image/png", stdin=b"x", fails=1)
    assert "415" in said and "image/png" in said
    assert "image/png" in clary("logs", name)
    lines = clary("logs", name, "--json").splitlines()
    assert any("image/png" in json.dumps(json.loads(line)) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("invoke", "nope"), 1, "clary status"),
        (("invoke", "-x-"), 2, ""),
        (("status", "nope"), 1, "nope"),
        (("status", "--watch", "--interval", "0"), 2, "--interval"),
        (("logs", "nope"), 1, "nope"),
        (("deploy", "/does/not/exist", "--name", "x"), 1, "/does/not/exist"),
        (("deploy", "/dev/null", "--name", "a b"), 2, "--name"),
        (("no-such-command",), 2, "no-such-command"),
    ],
)
def test_what_cannot_be_done_is_said(clary, arguments, status, said):
    assert said in clary(*arguments, fails=status)


def test_env_points_aws_clients_at_the_server(clary, server):
    expected = {
        "AWS_ENDPOINT_URL": server.api,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
    }
    assert json.loads(clary("env", "--json")).items() >= expected.items()
    script = clary("env") + "".join(f'\necho "{name}=${name}"' for name in expected)
    printed = finished(["sh", "-c", script], {"PATH": "/usr/bin:/bin"}, b"", 0)
    assert dict(line.split("=", 1) for line in printed.splitlines()) == expected


def test_commands_without_a_server_say_how_to_start_one(tmp_path):
    for words in (["status"], ["env"], ["invoke", "x"]):
        command = [binary(), *words, "--data-dir", str(tmp_path / "empty")]
        assert "clary serve" in finished(command, environment(), b"1\n", 1)


def test_demo_deploys_predicts_and_ends():
    printed = finished([binary(), "demo", "--exit"], environment(), b"", 0)
    assert "200 of 200 agree" in printed
    assert "/predicted-ratings/321?items=101,131,162 answers" in printed
    assert '"ratings": [' in printed
    assert "AWS_ENDPOINT_URL" in printed


def test_version_and_help():
    assert finished([binary(), "--version"], environment(), b"", 0).startswith("clary ")
    usage = finished([binary(), "--help"], environment(), b"", 0)
    for command in ("serve", "demo", "env", "deploy", "invoke", "status", "logs"):
        assert f"\n  {command} " in usage, command


def test_the_aws_cli_goes_from_model_to_prediction(aws, deploy, tmp_path, fresh):
    name, out = fresh("awscli"), tmp_path / "out.json"
    packed = tmp_path / "model.tar.gz"
    packed.write_bytes(archive(COVTYPE / "model"))
    aws("s3api", "create-bucket", "--bucket", name)
    aws("s3api", "put-object", "--bucket", name, "--key", "model.tar.gz", "--body", str(packed))
    container = f"Image={IMAGE},ModelDataUrl=s3://{name}/model.tar.gz"
    model = ["--model-name", name, "--primary-container", container, "--execution-role-arn", ROLE]
    assert aws("sagemaker", "create-model", *model)["ModelArn"].endswith(name)
    variant = f"VariantName=a,ModelName={name},InitialInstanceCount=1,InstanceType=ml.m5.large"
    config = ["--endpoint-config-name", name, "--production-variants", variant]
    aws("sagemaker", "create-endpoint-config", *config)
    endpoint = ["--endpoint-name", name]
    aws("sagemaker", "create-endpoint", *endpoint, "--endpoint-config-name", name)
    # The CLI's waiter asks every 30 seconds; waiting before it spares all but its first question.
    deploy.wait_in_service(name)
    aws("sagemaker", "wait", "endpoint-in-service", *endpoint)
    payload = f"fileb://{COVTYPE / 'payload.csv'}"
    invoke = ["--content-type", "text/csv", "--accept", "application/json", "--body", payload]
    answer = aws("sagemaker-runtime", "invoke-endpoint", *endpoint, *invoke, str(out))
    assert answer["InvokedProductionVariant"] == "a"
    expected = json.loads((COVTYPE / "expected.json").read_text())["predictions"]
    predictions = json.loads(out.read_text())["predictions"]
    assert len(predictions) == len(expected)
    for row, wanted in zip(predictions, expected):
        assert row["score"] == pytest.approx(wanted["score"], abs=1e-5)
    aws("sagemaker", "delete-endpoint", *endpoint)
    deploy.wait_deleted(name)
    aws("sagemaker", "wait", "endpoint-deleted", *endpoint)
    said = aws("sagemaker", "describe-endpoint", *endpoint, fails=255)
    assert "ValidationException" in said and "Could not find endpoint" in said


def test_the_aws_cli_deploys_a_prefix(aws, deploy, runtime, fresh, tmp_path):
    name = fresh("cli-source")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "xgboost-model").write_bytes(leaf(6.5))
    deploy.upload(f"{name}-bucket-is-there", b"")
    aws("s3", "sync", str(tmp_path / "model"), f"s3://models/{name}/", "--only-show-errors")
    place = {"S3Uri": f"s3://models/{name}/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    primary = json.dumps({"Image": IMAGE, "ModelDataSource": {"S3DataSource": place}})
    model = ["--model-name", name, "--primary-container", primary, "--execution-role-arn", ROLE]
    aws("sagemaker", "create-model", *model)
    deploy.config(name, {"AllTraffic": (name, 1.0)})
    deploy.endpoint(name, name)
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == 6.5


def test_invoke_explains_where_the_endpoint_can(clary, sm, deploy, fresh, tmp_path):
    name, rows = fresh("explain"), tmp_path / "rows.csv"
    rows.write_text("0\n1\n")
    variant = {
        "VariantName": "v",
        "ModelName": deploy.model(name, {"xgboost-model": leaf(2.0)}),
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    shap = {"ShapBaselineConfig": {"ShapBaseline": "0"}}
    sm.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant],
        ExplainerConfig={
            "ClarifyExplainerConfig": {"EnableExplanations": "`false`", "ShapConfig": shap}
        },
    )
    deploy.endpoint(name, name)
    invoke = ["invoke", name, "--body", str(rows)]
    assert json.loads(clary(*invoke))["explanations"] == {}
    assert len(json.loads(clary(*invoke, "--explain"))["explanations"]["kernel_shap"]) == 2
    chosen = json.loads(clary(*invoke, "--explain=[0] > `5`"))
    assert chosen["explanations"] == {}
    plain = fresh("plain")
    deploy(plain, {"xgboost-model": leaf(2.0)})
    said = clary("invoke", plain, "--body", str(rows), "--explain", fails=1)
    assert "has no explainer" in said
