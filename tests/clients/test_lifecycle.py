"""Models, endpoint configurations and endpoints, from creation to deletion, as boto3 sees them."""

from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import WaiterError

from artifacts import IMAGE, ROLE, leaf
from conftest import POLL
from server import ACCOUNT, REGION

GOOD = {"xgboost-model": leaf(1.5)}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name.lower()}"


def just_now(stamp: datetime) -> bool:
    return abs(datetime.now(timezone.utc) - stamp) < timedelta(minutes=2)


def test_model_is_created_described_listed_and_deleted(sm, fresh, refused):
    name = fresh("Model")
    container = {
        "Image": IMAGE,
        "ModelDataUrl": "s3://nowhere/model.tar.gz",
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
    }
    made = sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    assert made["ModelArn"] == arn("model", name)
    described = sm.describe_model(ModelName=name)
    assert described["ModelName"] == name
    assert described["ModelArn"] == arn("model", name)
    assert described["ExecutionRoleArn"] == ROLE
    assert described["PrimaryContainer"].items() >= container.items()
    assert just_now(described["CreationTime"])
    listed = sm.list_models(NameContains=name)["Models"]
    assert [model["ModelArn"] for model in listed] == [arn("model", name)]
    sm.delete_model(ModelName=name)
    gone = refused(sm.describe_model, ModelName=name)
    assert (gone.status, gone.code) == (400, "ValidationException")
    assert gone.message == f'Could not find model "{arn("model", name)}"'
    assert sm.list_models(NameContains=name)["Models"] == []


def test_config_is_created_described_listed_and_deleted(sm, deploy, fresh, refused):
    model, name = deploy.model(fresh("m"), GOOD), fresh("Config")
    deploy.config(name, {"a": (model, 1.0), "b": (model, 0.5)})
    described = sm.describe_endpoint_config(EndpointConfigName=name)
    assert described["EndpointConfigArn"] == arn("endpoint-config", name)
    variants = described["ProductionVariants"]
    assert [(v["VariantName"], v["ModelName"], v["InitialVariantWeight"]) for v in variants] == [
        ("a", model, 1.0),
        ("b", model, 0.5),
    ]
    assert variants[0]["InitialInstanceCount"] == 1
    assert variants[0]["InstanceType"] == "ml.m5.large"
    assert just_now(described["CreationTime"])
    listed = sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in listed] == [name]
    sm.delete_endpoint_config(EndpointConfigName=name)
    gone = refused(sm.describe_endpoint_config, EndpointConfigName=name)
    assert (gone.status, gone.code) == (400, "ValidationException")
    expected = f'Could not find endpoint configuration "{arn("endpoint-config", name)}"'
    assert gone.message == expected


def test_endpoint_lives_from_creating_to_gone(sm, deploy, fresh, refused):
    model = deploy.model(fresh("m"), GOOD)
    config, name = deploy.config(fresh("c"), {"AllTraffic": (model, 2.0)}), fresh("Endpoint")
    made = sm.create_endpoint(EndpointName=name, EndpointConfigName=config)
    assert made["EndpointArn"] == arn("endpoint", name)
    assert sm.describe_endpoint(EndpointName=name)["EndpointStatus"] in ("Creating", "InService")
    deploy.wait_in_service(name)
    described = sm.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == config
    assert "FailureReason" not in described
    assert just_now(described["CreationTime"]) and just_now(described["LastModifiedTime"])
    (variant,) = described["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (2.0, 2.0)
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)
    listed = sm.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
    assert [endpoint["EndpointArn"] for endpoint in listed] == [arn("endpoint", name)]
    sm.delete_endpoint(EndpointName=name)
    deploy.wait_deleted(name)
    gone = refused(sm.describe_endpoint, EndpointName=name)
    assert (gone.status, gone.code) == (400, "ValidationException")
    assert gone.message == f'Could not find endpoint "{arn("endpoint", name)}"'


def test_a_deleted_name_can_be_used_again(sm, deploy, fresh):
    name = deploy(fresh("again"), GOOD)
    sm.delete_endpoint(EndpointName=name)
    deploy.wait_deleted(name)
    deploy.endpoint(name, name)
    assert sm.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


def test_duplicates_are_refused_by_name(sm, deploy, fresh, refused):
    name = deploy(fresh("Twice"), GOOD)
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/x.tar.gz"}
    variant = {"VariantName": "a", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    model = refused(
        sm.create_model, ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE
    )
    config = refused(
        sm.create_endpoint_config, EndpointConfigName=name, ProductionVariants=[variant]
    )
    endpoint = refused(sm.create_endpoint, EndpointName=name, EndpointConfigName=name)
    for kind, words, error in [
        ("model", "model", model),
        ("endpoint-config", "endpoint configuration", config),
        ("endpoint", "endpoint", endpoint),
    ]:
        assert (error.status, error.code) == (400, "ValidationException"), words
        assert error.message == f'Cannot create already existing {words} "{arn(kind, name)}"'


def test_names_differing_in_case_only_collide(sm, deploy, fresh, refused):
    name = deploy(fresh("Case"), GOOD)
    other, container = name.upper(), {"Image": IMAGE}
    variant = {"VariantName": "a", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    for kind, operation, members in [
        ("model", sm.create_model, {"ModelName": other, "PrimaryContainer": container, "ExecutionRoleArn": ROLE}),
        (
            "endpoint configuration",
            sm.create_endpoint_config,
            {"EndpointConfigName": other, "ProductionVariants": [variant]},
        ),
        ("endpoint", sm.create_endpoint, {"EndpointName": other, "EndpointConfigName": name}),
    ]:
        error = refused(operation, **members)
        assert error.code == "ValidationException"
        assert error.message.startswith(f"Cannot create already existing {kind} ")


@pytest.mark.parametrize(
    ("operation", "members", "words", "kind"),
    [
        ("describe_model", {"ModelName": "nope"}, "model", "model"),
        ("delete_model", {"ModelName": "nope"}, "model", "model"),
        (
            "describe_endpoint_config",
            {"EndpointConfigName": "nope"},
            "endpoint configuration",
            "endpoint-config",
        ),
        (
            "delete_endpoint_config",
            {"EndpointConfigName": "nope"},
            "endpoint configuration",
            "endpoint-config",
        ),
        ("describe_endpoint", {"EndpointName": "nope"}, "endpoint", "endpoint"),
        ("delete_endpoint", {"EndpointName": "nope"}, "endpoint", "endpoint"),
        (
            "create_endpoint",
            {"EndpointName": "e", "EndpointConfigName": "nope"},
            "endpoint configuration",
            "endpoint-config",
        ),
    ],
)
def test_what_is_not_there_is_a_validation_exception(sm, refused, operation, members, words, kind):
    error = refused(getattr(sm, operation), **members)
    assert (error.status, error.code) == (400, "ValidationException")
    assert error.message == f'Could not find {words} "{arn(kind, "nope")}"'


def test_waiters_end_on_what_is_not_there(sm):
    sm.get_waiter("endpoint_deleted").wait(EndpointName="never-was", WaiterConfig=POLL)
    with pytest.raises(WaiterError, match="ValidationException"):
        sm.get_waiter("endpoint_in_service").wait(EndpointName="never-was", WaiterConfig=POLL)


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"xgboost-model": b'{"learner": 7}'}, "xgboost-model"),
        ({"xgboost-model": b"\x00\x01 not a model at all"}, "xgboost-model"),
        ({"xgboost-model": leaf(1.0)[:-40]}, "xgboost-model"),
    ],
)
def test_a_bad_model_fails_with_a_reason_that_names_the_file(sm, deploy, fresh, files, named):
    model = deploy.model(fresh("bad"), files)
    name = fresh("bad")
    deploy.endpoint(name, deploy.config(name, {"AllTraffic": (model, 1.0)}), wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(name)
    described = sm.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "Failed"
    assert named in described["FailureReason"]
    assert len(described["FailureReason"]) <= 1024
    sm.delete_endpoint(EndpointName=name)
    deploy.wait_deleted(name)


@pytest.mark.parametrize("content", [None, b"this is no archive"])
def test_a_missing_or_broken_artifact_fails_with_a_reason_that_names_it(sm, deploy, fresh, content):
    name = fresh("artifact")
    url = f"s3://models/{name}.tar.gz"
    if content is not None:
        deploy.upload(f"{name}.tar.gz", content)
    container = {"Image": IMAGE, "ModelDataUrl": url}
    sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    deploy.endpoint(name, deploy.config(name, {"AllTraffic": (name, 1.0)}), wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(name)
    assert f"{name}.tar.gz" in sm.describe_endpoint(EndpointName=name)["FailureReason"]


def test_an_endpoint_can_be_deleted_while_it_is_created(sm, deploy, fresh):
    name = fresh("hurry")
    deploy.config(name, {"AllTraffic": (deploy.model(name, GOOD), 1.0)})
    sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sm.delete_endpoint(EndpointName=name)
    deploy.wait_deleted(name)
    assert sm.list_endpoints(NameContains=name)["Endpoints"] == []


def test_an_endpoint_serves_what_it_was_created_from(sm, runtime, deploy, fresh):
    name = deploy(fresh("kept"), GOOD)
    sm.delete_endpoint_config(EndpointConfigName=name)
    sm.delete_model(ModelName=name)
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == 1.5
    assert sm.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


def test_lists_page_sort_and_filter(sm, fresh):
    prefix = fresh("page")
    names = [f"{prefix}-{letter}" for letter in "cab"]
    for name in names:
        container = {"Image": IMAGE, "ModelDataUrl": "s3://models/x.tar.gz"}
        sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    by_name = {"NameContains": prefix, "SortBy": "Name", "SortOrder": "Ascending"}
    pages = list(
        sm.get_paginator("list_models").paginate(**by_name, PaginationConfig={"PageSize": 2})
    )
    assert [len(page["Models"]) for page in pages] == [2, 1]
    assert [model["ModelName"] for page in pages for model in page["Models"]] == sorted(names)
    newest_first = sm.list_models(
        NameContains=prefix, SortBy="CreationTime", SortOrder="Descending"
    )
    assert [model["ModelName"] for model in newest_first["Models"]] == names[::-1]


def test_a_foreign_page_token_is_refused(sm, refused):
    error = refused(sm.list_models, NextToken="made-up-by-the-caller")
    assert (error.status, error.code) == (400, "ValidationException")
