"""`clary why`: the way of one request, found by the id that the client got, whatever came of it."""

import json
import subprocess

import pytest
import requests as http

from artifacts import IMAGE, ROLE, leaf
from server import KEY_ID, binary, environment

ROOT = "arn:aws:iam::000000000000:root"


@pytest.fixture
def why(server):
    """Runs the command on the shared server; gives its JSON, or its exit status and stderr."""

    def ask(*arguments: str):
        command = [binary(), "why", *arguments, "--json", "--endpoint-url", server.api]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
        return json.loads(done.stdout) if done.returncode == 0 else (done.returncode, done.stderr)

    return ask


def id_of(response: dict) -> str:
    return response["ResponseMetadata"]["RequestId"]


def phases(told: dict) -> list[str]:
    return [phase["phase"] for phase in told["phases"]]


def test_a_good_invocation_has_its_variant_model_and_times(runtime, deploy, fresh, why):
    name = deploy(fresh("why"), {"xgboost-model": leaf(1.5)})
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n")
    told = why(id_of(answer))
    assert (told["service"], told["operation"]) == ("sagemaker-runtime", "InvokeEndpoint")
    assert (told["status"], told["error"]) == (200, None)
    assert (told["resource"], told["variant"], told["model"]) == (name, "AllTraffic", name)
    assert (told["access_key_id"], told["principal"]) == (KEY_ID, ROOT)
    assert phases(told) == ["body", "signature", "route", "model"]
    # A phase counts as a tenth of a microsecond at least, so the sum may be a little above.
    assert 0 < sum(phase["us"] for phase in told["phases"]) <= told["us"] + 0.4


@pytest.mark.parametrize(
    ("members", "status", "code", "phase", "fault_of"),
    [
        ({"ContentType": "text/nonsense"}, 424, "ModelError", "model", "model"),
        ({"TargetVariant": "other"}, 400, "ValidationError", "route", "caller"),
        ({"EndpointName": "never-was"}, 400, "ValidationError", "route", "caller"),
    ],
)
def test_a_failed_invocation_says_where_and_whose_fault(
    runtime, deploy, fresh, refused, why, members, status, code, phase, fault_of
):
    name = deploy(fresh("why"), {"xgboost-model": leaf(1.5)})
    asked = {"EndpointName": name, "ContentType": "text/csv", "Body": b"1\n"} | members
    error = refused(runtime.invoke_endpoint, **asked)
    told = why(id_of(error.body))
    assert told["status"] == status
    found = told["error"]
    assert (found["code"], found["phase"], found["fault_of"]) == (code, phase, fault_of)
    assert error.message.startswith(found["message"])
    assert phases(told)[-1] == phase


def test_a_refused_signature_is_told_with_the_key_it_claims(server, refused, why):
    for key_id, service, call, members in [
        ("AKIDNOBODY0000000000", "sagemaker", "list_models", {}),
        ("AKIDNOBODY0000000001", "sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}),
    ]:
        error = refused(getattr(server.client(service, key_id=key_id), call), **members)
        told = why(id_of(error.body))
        assert (told["access_key_id"], told["principal"]) == (key_id, None)
        assert told["error"]["phase"] == "signature"
        assert told["error"]["code"] == error.code == "UnrecognizedClientException"
        assert told["error"]["fault_of"] == "caller"


def test_control_plane_and_s3_calls_are_told(sm, s3, refused, why):
    error = refused(sm.describe_endpoint, EndpointName="never-was")
    told = why(id_of(error.body))
    assert (told["operation"], told["resource"]) == ("DescribeEndpoint", "never-was")
    assert phases(told) == ["body", "signature", "decode", "operation"]
    assert told["error"]["message"] == error.message
    invalid = refused(sm.create_model, ModelName="-", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE)
    assert why(id_of(invalid.body))["error"]["phase"] == "decode"
    told = why(id_of(sm.list_models()))
    assert (told["operation"], told["status"], phases(told)[-1]) == ("ListModels", 200, "operation")
    error = refused(s3.get_object, Bucket="never-was", Key="a/b")
    told = why(id_of(error.body))
    assert (told["service"], told["operation"], told["resource"]) == ("s3", "GetObject", "/never-was/a/b")
    assert (told["status"], told["error"]["code"]) == (404, "NoSuchBucket")
    assert told["access_key_id"] == KEY_ID


def test_the_last_requests_are_listed_and_an_unknown_one_is_said_to_be_so(sm, refused, why):
    error = refused(sm.describe_model, ModelName="never-was")
    (last,) = why("--limit", "1", "--failed")["requests"]
    assert last["request_id"] == id_of(error.body)
    status, said = why("00000000-0000-4000-8000-000000000000")
    assert status == 1 and "no request `00000000-0000-4000-8000-000000000000` is known" in said
    status, said = why("--limit", "0")
    assert status == 2 and "`limit` must be 1 to 1000" in said


def test_plain_text_tells_the_same(server, sm, refused):
    error = refused(sm.describe_model, ModelName="never-was")
    command = [binary(), "why", id_of(error.body), "--endpoint-url", server.api]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20, check=True)
    assert "call      sagemaker DescribeModel never-was" in done.stdout
    assert f"error     ValidationException while `operation`: {error.message}" in done.stdout


def test_a_stranger_on_another_name_reads_nothing(server):
    answer = http.get(f"{server.api}/_clary/requests", headers={"host": "stranger.example"}, timeout=5)
    assert answer.status_code == 403
    assert "requests" not in answer.json()
