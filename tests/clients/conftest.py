"""Fixtures of the client scenarios: one ephemeral server for all, servers of one's own, clients.

Each test makes resources under names of its own, so that tests share the server without meeting.
"""

import itertools
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from artifacts import IMAGE, ROLE, archive
from server import KEY_ID, REGION, SECRET, Server

POLL = {"Delay": 0.05, "MaxAttempts": 400}
# What stands there has an environment of its own, where these fixtures serve it, too.
collect_ignore = [] if find_spec("s3fs") else ["second"]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The ephemeral server that most scenarios share."""
    shared = Server(tmp_path_factory.mktemp("shared") / "data", ephemeral=True).start()
    yield shared
    try:
        shared.stop()
    finally:
        shared.close()


@pytest.fixture
def start_server(tmp_path):
    """Starts servers of the test's own; each is ended with the test and must not have panicked."""
    started: list[Server] = []

    def start(*arguments: str, ephemeral: bool = False) -> Server:
        data_dir = tmp_path / f"data{len(started)}"
        started.append(Server(data_dir, *arguments, ephemeral=ephemeral))
        return started[-1].start()

    yield start
    for own in started:
        own.close()
    for own in started:
        assert "panicked at" not in own.stderr(), own.stderr()


@pytest.fixture(autouse=True)
def shared_server_stays_healthy(request):
    """Fails the very test after which the shared server is dead or has panicked."""
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").assert_healthy()


@pytest.fixture(scope="session")
def sm(server):
    """The shared server's SageMaker client."""
    return server.client("sagemaker")


@pytest.fixture(scope="session")
def runtime(server):
    """The shared server's SageMaker runtime client."""
    return server.client("sagemaker-runtime")


@pytest.fixture(scope="session")
def s3(server):
    """The shared server's S3 client."""
    return server.client("s3")


@pytest.fixture(scope="session")
def logs(server):
    """The shared server's CloudWatch Logs client."""
    return server.client("logs")


@pytest.fixture
def sdk_environment(server, monkeypatch, tmp_path):
    """What the SageMaker SDKs read of their surroundings, as `clary env` prints it."""
    for name, value in {
        "AWS_ENDPOINT_URL": server.api,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(tmp_path / "none.yaml"),
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def fresh():
    """Makes names that no other test uses."""
    return lambda prefix="t": f"{prefix}-{next(_numbers)}"


@pytest.fixture
def refused():
    """Calls something that must be refused, and returns the error."""
    return refusal


@pytest.fixture(scope="session")
def deploy(server):
    """Puts models into service on the shared server."""
    return Deployer(server)


@pytest.fixture(scope="session")
def deploy_to():
    """Puts models into service on any server."""
    return Deployer


@dataclass(frozen=True)
class Refusal:
    """What a client learns from a refused call."""

    status: int
    code: str
    message: str
    body: dict


def refusal(call, *arguments, **members) -> Refusal:
    """The error of a call that must fail with one."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **members)
    response = caught.value.response
    error = response["Error"]
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return Refusal(status, error["Code"], error.get("Message", ""), response)


class Deployer:
    """The four calls between an artifact and an endpoint that answers."""

    def __init__(self, server: Server):
        self.sm = server.client("sagemaker")
        self.s3 = server.client("s3")
        self.bucket = "models"
        self._bucket_made = False

    def upload(self, key: str, body: bytes) -> str:
        """Stores an object and returns its S3 URI."""
        if not self._bucket_made:
            self.s3.create_bucket(Bucket=self.bucket)
            self._bucket_made = True
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def model(self, name: str, files: dict[str, bytes] | Path, **container) -> str:
        """Uploads an archive of the files and creates the model."""
        url = self.upload(f"{name}/model.tar.gz", archive(files))
        primary = {"Image": IMAGE, "ModelDataUrl": url, **container}
        self.sm.create_model(ModelName=name, PrimaryContainer=primary, ExecutionRoleArn=ROLE)
        return name

    def config(self, name: str, variants: dict[str, tuple[str, float]]) -> str:
        """Creates an endpoint configuration: variant name to model name and weight."""
        self.sm.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": model,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                    "InitialVariantWeight": weight,
                }
                for variant, (model, weight) in variants.items()
            ],
        )
        return name

    def endpoint(self, name: str, config: str, wait: bool = True) -> str:
        """Creates the endpoint and by default waits until it is in service."""
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=config)
        if wait:
            self.wait_in_service(name)
        return name

    def wait_in_service(self, name: str) -> None:
        """boto3's own waiter, hurried."""
        waiter = self.sm.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=name, WaiterConfig=POLL)

    def wait_deleted(self, name: str) -> None:
        """boto3's own waiter, hurried."""
        self.sm.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=POLL)

    def __call__(self, name: str, files: dict[str, bytes] | Path, **container) -> str:
        """Everything: model, configuration and endpoint of one name, variant `AllTraffic`."""
        self.model(name, files, **container)
        self.config(name, {"AllTraffic": (name, 1.0)})
        return self.endpoint(name, name)
