"""The SageMaker Python SDK v3, whose resource classes are `sagemaker.core`'s: from model to prediction."""

import boto3
import pytest
from botocore.exceptions import ClientError

from artifacts import IMAGE, ROLE, archive, leaf
from server import REGION

# No interval is short enough for who waits for milliseconds.
AT_ONCE = {"poll": 0, "timeout": 20}

pytestmark = pytest.mark.usefixtures("sdk_environment")


@pytest.fixture
def session():
    """What every call of the SDK is given; it remembers clients of other sessions."""
    return {"session": boto3.Session(), "region": REGION}


@pytest.fixture
def model_of(s3, fresh, session):
    """Makes models that answer one number."""
    from sagemaker.core.resources import Model
    from sagemaker.core.shapes import ContainerDefinition

    s3.create_bucket(Bucket="sdk-v3")

    def make(value: float) -> Model:
        name = fresh("sdk-v3")
        s3.put_object(Bucket="sdk-v3", Key=name, Body=archive({"xgboost-model": leaf(value)}))
        container = ContainerDefinition(image=IMAGE, model_data_url=f"s3://sdk-v3/{name}")
        return Model.create(
            model_name=name, primary_container=container, execution_role_arn=ROLE, **session
        )

    return make


@pytest.fixture
def config_of(session):
    """Makes configurations of one variant that serves a model, under the model's name."""
    from sagemaker.core.resources import EndpointConfig
    from sagemaker.core.shapes import ProductionVariant

    def make(model) -> EndpointConfig:
        variant = ProductionVariant(
            variant_name="AllTraffic",
            model_name=model.model_name,
            initial_instance_count=1,
            instance_type="ml.m5.large",
        )
        return EndpointConfig.create(
            endpoint_config_name=model.model_name, production_variants=[variant], **session
        )

    return make


def predicted(endpoint) -> float:
    """What the endpoint answers."""
    answer = endpoint.invoke(body=b"1\n", content_type="text/csv", accept="text/csv")
    assert answer.invoked_production_variant == "AllTraffic"
    return float(answer.body.read())


def test_from_model_to_prediction_and_back(model_of, config_of, session, fresh):
    from sagemaker.core.resources import Endpoint, EndpointConfig, Model

    models = [model_of(2.5), model_of(-1.25)]
    configs = [config_of(model) for model in models]
    name = fresh("sdk-v3-endpoint")
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=configs[0], **session)
    endpoint.wait_for_status("InService", **AT_ONCE)
    assert predicted(endpoint) == 2.5

    assert Model.get(models[0].model_name, **session).primary_container.image == IMAGE
    shown = EndpointConfig.get(configs[0].endpoint_config_name, **session)
    assert shown.production_variants[0].model_name == models[0].model_name
    assert endpoint.production_variants[0].current_instance_count == 1
    assert name in [listed.endpoint_name for listed in Endpoint.get_all(**session)]

    endpoint.endpoint_config_name = configs[1].endpoint_config_name
    endpoint.update()
    endpoint.wait_for_status("InService", **AT_ONCE)
    assert predicted(endpoint) == -1.25

    endpoint.delete()
    endpoint.wait_for_delete(**AT_ONCE)
    for made in (*configs, *models):
        made.delete()
    with pytest.raises(ClientError, match="Could not find"):
        Endpoint.get(name, **session)
    with pytest.raises(ClientError, match="Could not find"):
        Model.get(models[0].model_name, **session)


def test_a_failure_says_why(model_of, config_of, session, s3, fresh):
    from sagemaker.core.resources import Endpoint
    from sagemaker.core.utils.exceptions import FailedStatusError

    model = model_of(1.0)
    s3.delete_object(Bucket="sdk-v3", Key=model.model_name)
    config = config_of(model)
    endpoint = Endpoint.create(endpoint_name=fresh("sdk-v3-fails"), endpoint_config_name=config, **session)
    with pytest.raises(FailedStatusError, match=model.model_name):
        endpoint.wait_for_status("InService", **AT_ONCE)
    endpoint.delete()
