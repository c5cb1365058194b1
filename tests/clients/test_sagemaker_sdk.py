"""The SageMaker Python SDK v2, from a default bucket to predictions and back to nothing.

The SDK asks STS at an address that it makes up from the region, whatever `AWS_ENDPOINT_URL` says.
A session that names its bucket never asks; for one that does not, the caller's boto3 session
sends STS calls here as well, with the handler that `session` registers.
"""

import logging
import time

import boto3
import pytest

from artifacts import IMAGE, ROLE, archive, leaf
from server import ACCOUNT, REGION

INSTANCE = {"initial_instance_count": 1, "instance_type": "ml.m5.large"}
NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


@pytest.fixture(autouse=True)
def only_this_server(sdk_environment, monkeypatch):
    """An SDK that neither warns nor waits."""
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    logging.getLogger("sagemaker").setLevel(logging.ERROR)
    # Imported late: it takes seconds, which runs of other scenarios need not spend.
    import sagemaker.session

    # `deploy` takes no interval, and looks every 30 s, from 30 s after the call on.
    monkeypatch.setattr(sagemaker.session, "time", Hurried)


class Hurried:
    """The SDK's `time`, in which no sleep is long."""

    time = time.time

    @staticmethod
    def sleep(seconds: float) -> None:
        """Sleeps as long as a test can afford."""
        time.sleep(min(seconds, 0.02))


@pytest.fixture
def session(server):
    """A session that chooses its own bucket."""
    import sagemaker

    boto_session = boto3.Session()

    def to_this_server(params, **_):
        params["url"] = f"{server.api}/"

    boto_session.events.register("before-call.sts", to_this_server)
    return sagemaker.Session(boto_session, sagemaker_config=NO_TELEMETRY)


def uploaded(session, tmp_path, value: float, prefix: str) -> str:
    """The URI of an artifact whose model answers `value`, put there by the SDK."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(archive({"xgboost-model": leaf(value, ("a", "b"))}))
    return session.upload_data(str(path), key_prefix=prefix)


def model(session, data: str, role: str = ROLE):
    """A model of the SDK's whose `deploy` returns a predictor."""
    from sagemaker.model import Model
    from sagemaker.predictor import Predictor

    return Model(IMAGE, data, role, predictor_cls=Predictor, sagemaker_session=session)


def test_the_default_bucket_is_made_once_and_named_after_account_and_region(session, s3):
    name = f"sagemaker-{REGION}-{ACCOUNT}"
    assert session.default_bucket() == name
    assert session.account_id() == ACCOUNT
    s3.head_bucket(Bucket=name, ExpectedBucketOwner=ACCOUNT)
    import sagemaker

    again = sagemaker.Session(session.boto_session, sagemaker_config=NO_TELEMETRY)
    assert again.default_bucket() == name


def test_deploy_predict_update_delete(session, sm, refused, fresh, tmp_path):
    from sagemaker.deserializers import CSVDeserializer, JSONDeserializer
    from sagemaker.predictor import Predictor
    from sagemaker.serializers import CSVSerializer, JSONSerializer

    name = fresh("sdk")
    data = uploaded(session, tmp_path, 3.5, name)
    assert data == f"s3://{session.default_bucket()}/{name}/model.tar.gz"
    predictor = model(session, data).deploy(
        **INSTANCE,
        endpoint_name=name,
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
        tags=[{"Key": "team", "Value": "tests"}],
    )
    assert predictor.predict([[1, 2], [3, 4]]) == [["3.5"], ["3.5"]]
    described = sm.describe_endpoint(EndpointName=name)
    tags = sm.list_tags(ResourceArn=described["EndpointArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "tests"}]

    json_predictor = Predictor(name, session, JSONSerializer(), JSONDeserializer())
    answer = json_predictor.predict({"instances": [{"features": [1, 2]}]})
    assert answer == {"predictions": [{"score": 3.5}]}

    predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.xlarge")
    described = sm.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert described["EndpointConfigName"] != name
    assert predictor.predict([[1, 2]]) == [["3.5"]]

    config = described["EndpointConfigName"]
    model_name = sm.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0][
        "ModelName"
    ]
    predictor.delete_model()
    predictor.delete_endpoint(delete_endpoint_config=True)
    sm.get_waiter("endpoint_deleted").wait(
        EndpointName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    assert refused(sm.describe_model, ModelName=model_name).code == "ValidationException"
    gone = refused(sm.describe_endpoint_config, EndpointConfigName=config)
    assert gone.code == "ValidationException"


def test_a_session_that_names_its_bucket_needs_the_environment_alone(fresh, tmp_path):
    import sagemaker
    from sagemaker.serializers import CSVSerializer

    name = fresh("sdk")
    session = sagemaker.Session(default_bucket="named-by-me", sagemaker_config=NO_TELEMETRY)
    data = uploaded(session, tmp_path, 7.25, name)
    assert data.startswith("s3://named-by-me/")
    predictor = model(session, data).deploy(
        **INSTANCE, endpoint_name=name, serializer=CSVSerializer()
    )
    assert float(predictor.predict([1, 2])) == 7.25
    predictor.delete_endpoint()


def test_a_failed_deployment_says_why(session, fresh):
    from sagemaker.exceptions import UnexpectedStatusException

    with pytest.raises(UnexpectedStatusException, match="there is no object at"):
        model(session, f"s3://{session.default_bucket()}/nothing").deploy(
            **INSTANCE, endpoint_name=fresh("sdk")
        )


def test_a_role_by_its_name_is_looked_up(session, refused):
    from sagemaker import get_execution_role

    assert session.expand_role(ROLE) == ROLE
    missing = refused(session.expand_role, "nobody")
    assert (missing.status, missing.code) == (404, "NoSuchEntity")
    assert missing.message == "The role with name nobody cannot be found."
    with pytest.raises(ValueError, match=f"arn:aws:iam::{ACCOUNT}:root"):
        get_execution_role(session)
