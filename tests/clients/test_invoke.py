"""InvokeEndpoint: headers, variants, shares, limits and errors."""

import json
import math
from collections import Counter

import pytest

from artifacts import leaf
from server import ACCOUNT, REGION

CSV = {"ContentType": "text/csv", "Body": b"1\n"}
BODY_BYTES_MAX = 6_291_456


@pytest.fixture(scope="module")
def endpoint(deploy):
    """One variant that always answers 1.5."""
    return deploy("invoke-one", {"xgboost-model": leaf(1.5)})


@pytest.fixture(scope="module")
def weighted(deploy):
    """Three variants with the weights 1, 3 and 0 that answer 1, 3 and 10."""
    models = {value: deploy.model(f"w{value}", {"xgboost-model": leaf(value)}) for value in (1, 3, 10)}
    variants = {"one": (models[1], 1.0), "three": (models[3], 3.0), "none": (models[10], 0.0)}
    return deploy.endpoint("invoke-weighted", deploy.config("invoke-weighted", variants))


def test_a_prediction_and_its_headers(runtime, endpoint):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, **CSV)
    assert float(answer["Body"].read()) == 1.5
    assert answer["ContentType"].split(";")[0] == "text/csv"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    assert headers["x-amzn-requestid"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_custom_attributes_are_not_echoed(runtime, endpoint):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, CustomAttributes="trace=1", **CSV)
    assert "CustomAttributes" not in answer


def test_request_ids_differ(runtime, endpoint):
    ids = {
        runtime.invoke_endpoint(EndpointName=endpoint, **CSV)["ResponseMetadata"]["RequestId"]
        for _ in range(20)
    }
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("application/json", {"predictions": [{"score": 1.5}]}), ("text/csv", None), ("*/*", None)],
)
def test_accept_chooses_the_form_of_the_answer(runtime, endpoint, accept, expected):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Accept=accept, **CSV)
    body = answer["Body"].read()
    if expected is None:
        assert float(body) == 1.5
    else:
        assert answer["ContentType"].split(";")[0] == accept
        assert json.loads(body) == expected


@pytest.mark.parametrize(("variant", "value"), [("one", 1), ("three", 3), ("none", 10)])
def test_target_variant_overrides_weights(runtime, weighted, variant, value):
    answer = runtime.invoke_endpoint(EndpointName=weighted, TargetVariant=variant, **CSV)
    assert float(answer["Body"].read()) == value
    assert answer["InvokedProductionVariant"] == variant


def test_weights_are_shares_of_traffic(runtime, weighted):
    calls = 800
    shares = Counter()
    for _ in range(calls):
        answer = runtime.invoke_endpoint(EndpointName=weighted, **CSV)
        expected = {"one": 1, "three": 3}[answer["InvokedProductionVariant"]]
        assert float(answer["Body"].read()) == expected
        shares[answer["InvokedProductionVariant"]] += 1
    # Five standard deviations: a fair split fails once in two million runs.
    slack = 5 * math.sqrt(calls * 0.25 * 0.75)
    assert abs(shares["one"] - calls * 0.25) < slack, shares


def test_an_unknown_variant_is_refused(runtime, weighted, refused):
    error = refused(runtime.invoke_endpoint, EndpointName=weighted, TargetVariant="four", **CSV)
    assert (error.status, error.code) == (400, "ValidationError")
    assert "TargetVariant" in error.message and weighted in error.message


def test_an_unknown_endpoint_is_a_validation_error(runtime, refused):
    error = refused(runtime.invoke_endpoint, EndpointName="nope", **CSV)
    assert (error.status, error.code) == (400, "ValidationError")
    assert error.message == f"Endpoint nope of account {ACCOUNT} not found."
    assert error.body["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"].startswith(
        "ValidationError"
    )


def test_the_case_of_an_endpoint_counts_when_it_is_invoked(runtime, endpoint, refused):
    error = refused(runtime.invoke_endpoint, EndpointName=endpoint.upper(), **CSV)
    assert (error.status, error.code) == (400, "ValidationError")


@pytest.mark.parametrize(
    ("members", "status", "said"),
    [
        ({"ContentType": "image/png", "Body": b"\x89PNG"}, 415, "image/png"),
        ({"ContentType": "text/csv", "Body": b"not,a,number\n"}, None, "row 1"),
        ({"ContentType": "application/json", "Body": b'{"open": '}, None, ""),
        ({"ContentType": "text/csv", "Body": b"1\n", "Accept": "image/png"}, 406, "image/png"),
    ],
)
def test_what_the_model_refuses_is_a_424(runtime, endpoint, refused, members, status, said):
    error = refused(runtime.invoke_endpoint, EndpointName=endpoint, **members)
    assert (error.status, error.code) == (424, "ModelError")
    body = error.body
    assert body["OriginalStatusCode"] in ([status] if status else [400, 415])
    assert said in body["OriginalMessage"]
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    assert body["LogStreamArn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"
    start = f"Received client error ({body['OriginalStatusCode']}) from primary with message "
    assert error.message.startswith(start + f'"{body["OriginalMessage"]}". See ')
    assert error.message.endswith(f"in account {ACCOUNT} for more information.")


def test_an_empty_body_is_a_204(runtime, endpoint):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert answer["Body"].read() == b""


def test_a_body_at_the_limit_is_answered_and_one_byte_more_is_not(runtime, endpoint, refused):
    full = b"1\n" * (BODY_BYTES_MAX // 2)
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=full)
    assert answer["Body"].read().count(b"\n") in (len(full) // 2, len(full) // 2 - 1)
    error = refused(
        runtime.invoke_endpoint, EndpointName=endpoint, ContentType="text/csv", Body=full + b"1"
    )
    assert error.status in (400, 413)
    assert error.code == "ValidationError"
    assert str(BODY_BYTES_MAX) in error.message


@pytest.mark.parametrize(
    ("inference_id", "fine"),
    [("a", True), ("x" * 64, True), ("order 7/b", True), ("x" * 65, False), ("a\tb", False)],
)
def test_inference_ids_have_limits(runtime, endpoint, refused, inference_id, fine):
    members = {"EndpointName": endpoint, "InferenceId": inference_id, **CSV}
    if fine:
        assert float(runtime.invoke_endpoint(**members)["Body"].read()) == 1.5
    else:
        error = refused(runtime.invoke_endpoint, **members)
        assert (error.status, error.code) == (400, "ValidationError")


def test_custom_attributes_have_a_limit(runtime, endpoint, refused):
    members = {"EndpointName": endpoint, **CSV}
    runtime.invoke_endpoint(CustomAttributes="x" * 1024, **members)
    error = refused(runtime.invoke_endpoint, CustomAttributes="x" * 1025, **members)
    assert (error.status, error.code) == (400, "ValidationError")


def test_an_endpoint_being_deleted_or_gone_is_not_served(sm, runtime, deploy, fresh, refused):
    name = deploy(fresh("gone"), {"xgboost-model": leaf(2.0)})
    sm.delete_endpoint(EndpointName=name)
    deploy.wait_deleted(name)
    error = refused(runtime.invoke_endpoint, EndpointName=name, **CSV)
    assert (error.status, error.code) == (400, "ValidationError")


def test_the_model_s_complaint_is_in_the_endpoint_s_log(runtime, logs, deploy, fresh, refused):
    name = deploy(fresh("logged"), {"xgboost-model": leaf(2.0)})
    refused(runtime.invoke_endpoint, EndpointName=name, ContentType="image/png", Body=b"\x89PNG")
    group = f"/aws/sagemaker/Endpoints/{name}"
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("AllTraffic/")
    events = logs.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
    )["events"]
    assert any("image/png" in event["message"] for event in events)
