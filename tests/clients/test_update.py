"""Updates as boto3 sees them: no call fails while an endpoint changes, and what fails changes nothing."""

import pytest

from artifacts import IMAGE, ROLE, archive, leaf
from callers import Callers, ask


@pytest.fixture
def config(deploy, fresh):
    """A configuration of one variant whose model always answers that number."""

    def make(value: float) -> str:
        name = fresh("value")
        model = deploy.model(name, {"xgboost-model": leaf(value)})
        return deploy.config(name, {"AllTraffic": (model, 1.0)})

    return make


def test_no_call_fails_while_an_endpoint_changes(sm, runtime, deploy, fresh, config):
    name = deploy.endpoint(fresh("busy"), config(0.0))
    with Callers(runtime, name) as callers:
        for value in (1.0, 2.0, 3.0):
            sm.update_endpoint(EndpointName=name, EndpointConfigName=config(value))
            deploy.wait_in_service(name)
            assert ask(runtime, name) == value, "it serves by the time that it says so"
            sm.update_endpoint_weights_and_capacities(
                EndpointName=name,
                DesiredWeightsAndCapacities=[
                    {"VariantName": "AllTraffic", "DesiredWeight": value, "DesiredInstanceCount": 2}
                ],
            )
            deploy.wait_in_service(name)
    assert callers.failures == []
    assert {0.0, 3.0} <= set(callers.answers) <= {0.0, 1.0, 2.0, 3.0}


def test_a_failed_update_leaves_what_serves_and_says_why(sm, runtime, deploy, fresh, config):
    name = deploy.endpoint(fresh("kept"), config(1.0))
    before = sm.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    broken = fresh("broken")
    model = deploy.model(broken, {"xgboost-model": b"{}"})
    deploy.config(broken, {"AllTraffic": (model, 1.0)})
    with Callers(runtime, name, threads=2) as callers:
        sm.update_endpoint(EndpointName=name, EndpointConfigName=broken)
        deploy.wait_in_service(name)
    described = sm.describe_endpoint(EndpointName=name)
    assert described["EndpointConfigName"] == before
    assert "xgboost-model" in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert callers.failures == [] and set(callers.answers) == {1.0}
    # The next update that succeeds clears the reason.
    sm.update_endpoint(EndpointName=name, EndpointConfigName=config(2.0))
    deploy.wait_in_service(name)
    assert "FailureReason" not in sm.describe_endpoint(EndpointName=name)


def test_what_was_replaced_behind_an_endpoint_waits_for_the_next_update(sm, runtime, deploy, fresh, s3):
    name = deploy(fresh("source"), {"xgboost-model": leaf(1.0)})
    deploy.upload(f"{name}/model.tar.gz", archive({"xgboost-model": leaf(2.0)}))
    assert ask(runtime, name) == 1.0
    sm.update_endpoint(EndpointName=name, EndpointConfigName=name)
    deploy.wait_in_service(name)
    assert ask(runtime, name) == 2.0
    s3.delete_object(Bucket="models", Key=f"{name}/model.tar.gz")
    sm.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 2.0}]
    )
    deploy.wait_in_service(name)
    assert ask(runtime, name) == 2.0
    # Without its artifact an update fails, by name, and changes nothing.
    sm.update_endpoint(EndpointName=name, EndpointConfigName=name)
    deploy.wait_in_service(name)
    assert f"s3://models/{name}/model.tar.gz" in sm.describe_endpoint(EndpointName=name)["FailureReason"]
    assert ask(runtime, name) == 2.0


def test_calls_are_spread_over_ten_variants_and_an_eleventh_is_refused(sm, runtime, deploy, fresh, refused):
    name = fresh("ten")
    models = {f"v{n}": deploy.model(f"{name}-{n}", {"xgboost-model": leaf(float(n))}) for n in range(11)}
    shares = {variant: (model, 1.0) for variant, model in models.items()}
    error = refused(deploy.config, name, shares)
    assert error.code == "ValidationException"
    del shares["v10"]
    deploy.endpoint(name, deploy.config(name, shares))
    for n in range(10):
        answer = runtime.invoke_endpoint(
            EndpointName=name, ContentType="text/csv", Body=b"1\n", TargetVariant=f"v{n}"
        )
        assert float(answer["Body"].read()) == n
    error = refused(
        runtime.invoke_endpoint, EndpointName=name, ContentType="text/csv", Body=b"1\n", TargetVariant="v10"
    )
    assert 'TargetVariant "v10"' in error.message and "v0, v1" in error.message


def test_several_containers_are_refused_by_name(sm, fresh, refused):
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/x.tar.gz"}
    error = refused(sm.create_model, ModelName=fresh("pipe"), Containers=[container] * 2, ExecutionRoleArn=ROLE)
    assert (error.status, error.code) == (501, "NotImplemented")
    assert "several containers" in error.message
