"""Updates that take over step by step, as boto3 sees them: shares that hold, no call that fails, and
what served before where the new variants do not start, have no time left, or the server is killed."""

import json
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from artifacts import leaf
from callers import Callers, ask
from server import Server, binary, environment, eventually

HOUR = 3600
PERCENT = re.compile(r"(\d+) % of the traffic")


class Rollout:
    """An endpoint whose variant `Blue` answers 1, and a configuration whose variant `Green` answers 2."""

    def __init__(self, server, deployer, name: str, instances: int = 1):
        self.server, self.name = server, name
        self.deploy, self.sm = deployer, deployer.sm
        self.runtime = server.client("sagemaker-runtime")
        self._config("blue", "Blue", 1.0, instances)
        self._config("green", "Green", 2.0, instances)
        self.deploy.endpoint(name, f"{name}-blue")

    def _config(self, colour: str, variant: str, answer: float, instances: int) -> None:
        name = f"{self.name}-{colour}"
        self.deploy.model(name, {"xgboost-model": leaf(answer)})
        shown = {"VariantName": variant, "ModelName": name, "InitialInstanceCount": instances}
        shown["InstanceType"] = "ml.m5.large"
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[shown])

    def update(self, policy: dict, config: str = "green") -> None:
        self.sm.update_endpoint(
            EndpointName=self.name, EndpointConfigName=f"{self.name}-{config}", DeploymentConfig=policy
        )

    def describe(self) -> dict:
        return self.sm.describe_endpoint(EndpointName=self.name)

    def percent(self) -> int | None:
        """The new variants' share of the calls, once they have one."""
        pending = self.describe().get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
        messages = [status.get("StatusMessage", "") for v in pending for status in v["VariantStatus"]]
        found = [PERCENT.search(message) for message in messages]
        return int(found[0][1]) if found and found[0] else None

    def reaches(self, percent: int) -> None:
        eventually(lambda: self.percent() == percent)

    def advance(self, seconds: int) -> None:
        """Moves the clock of an ephemeral server."""
        connection = HTTPConnection(urlsplit(self.server.api).netloc)
        connection.request("POST", "/_clary/clock", body=json.dumps({"advance_seconds": seconds}))
        assert connection.getresponse().status == 200
        connection.close()

    def invoked(self, calls: int) -> Counter:
        """How often each variant answered, which must be its own answer."""

        def one(_) -> str:
            answer = self.runtime.invoke_endpoint(EndpointName=self.name, ContentType="text/csv", Body=b"1\n")
            variant = answer["InvokedProductionVariant"]
            assert float(answer["Body"].read()) == {"Blue": 1.0, "Green": 2.0}[variant]
            return variant

        with ThreadPoolExecutor(8) as threads:
            return Counter(threads.map(one, range(calls)))


@pytest.fixture(scope="module")
def timeless(tmp_path_factory):
    """A server of this module's own, whose clock only its scenarios move."""
    own = Server(tmp_path_factory.mktemp("rollouts") / "data", ephemeral=True).start()
    yield own
    try:
        own.assert_healthy()
        own.stop()
    finally:
        own.close()


@pytest.fixture(scope="module")
def deploy_timeless(timeless, deploy_to):
    """Puts models into service there."""
    return deploy_to(timeless)


@pytest.fixture
def rollout(timeless, deploy_timeless, fresh):
    """Makes endpoints to roll out to."""
    return lambda instances=1: Rollout(timeless, deploy_timeless, fresh("rollout"), instances)


def size(value: int, kind: str = "CAPACITY_PERCENT") -> dict:
    return {"Type": kind, "Value": value}


def routing(kind: str, wait: int = HOUR, **members) -> dict:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **members}
        }
    }


def rolling(batch: dict, wait: int = HOUR, **members) -> dict:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": wait, **members}}


@pytest.mark.parametrize(
    ("policy", "shares"),
    [
        (routing("ALL_AT_ONCE"), [100]),
        (routing("CANARY", CanarySize=size(10)), [10, 100]),
        (routing("CANARY", CanarySize=size(1, "INSTANCE_COUNT")), [25, 100]),
        (routing("LINEAR", LinearStepSize=size(33)), [33, 66, 100]),
        (rolling(size(2, "INSTANCE_COUNT")), [50, 100]),
    ],
    ids=["at-once", "canary", "canary-instances", "linear", "rolling"],
)
def test_every_step_has_its_share_and_no_call_fails(rollout, policy, shares):
    one = rollout(instances=4)
    with Callers(one.runtime, one.name, threads=2) as callers:
        one.update(policy)
        for percent in shares:
            one.reaches(percent)
            assert one.describe()["EndpointStatus"] == "Updating"
            # 600 calls: six standard deviations are at most 74 of them.
            expected = 6 * percent
            spread = 6 * (600 * percent / 100 * (1 - percent / 100)) ** 0.5
            assert abs(one.invoked(600)["Green"] - expected) <= spread
            one.advance(HOUR)
        one.deploy.wait_in_service(one.name)
    assert callers.failures == []
    settled = one.describe()
    assert settled["EndpointConfigName"] == f"{one.name}-green"
    assert settled["LastDeploymentConfig"] == policy
    assert "PendingDeploymentSummary" not in settled and "FailureReason" not in settled
    assert one.invoked(50) == {"Green": 50}


def test_time_alone_moves_it_on(rollout):
    one = rollout()
    with Callers(one.runtime, one.name, threads=1) as callers:
        one.update(routing("CANARY", wait=1, CanarySize=size(50)))
        one.deploy.wait_in_service(one.name)
    assert callers.failures == [] and set(callers.answers) == {1.0, 2.0}
    assert ask(one.runtime, one.name) == 2.0


def test_variants_of_both_fleets_can_be_targeted(rollout, refused):
    one = rollout()
    one.update(routing("CANARY", CanarySize=size(10)))
    one.reaches(10)
    for _ in range(20):
        assert ask(one.runtime, one.name, TargetVariant="Blue") == 1.0
        assert ask(one.runtime, one.name, TargetVariant="Green") == 2.0
    error = refused(
        one.runtime.invoke_endpoint, EndpointName=one.name, Body=b"1\n", TargetVariant="Red"
    )
    assert "Blue, Green" in error.message
    error = refused(one.update, routing("ALL_AT_ONCE"))
    assert (error.code, "Cannot update in-progress endpoint" in error.message) == ("ValidationException", True)
    # Unlike another update, a deletion need not wait.
    one.sm.delete_endpoint(EndpointName=one.name)
    one.deploy.wait_deleted(one.name)


def test_the_commands_tell_what_takes_over_and_which_fleet_answered(rollout):
    one = rollout()
    one.update(routing("CANARY", CanarySize=size(25)))
    one.reaches(25)

    def told(*command: str) -> dict:
        command = [binary(), *command, "--json", "--endpoint-url", one.server.api]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    [row] = told("status", one.name, "--interval", "0")
    assert row["deployment"].startswith(f"{one.name}-green, Green: Baking") and row["state"] == "Updating"
    for variant, fleet in [("Blue", "old"), ("Green", "new")]:
        answer = one.runtime.invoke_endpoint(EndpointName=one.name, ContentType="text/csv", Body=b"1\n", TargetVariant=variant)
        request = told("why", answer["ResponseMetadata"]["RequestId"])
        assert (request["variant"], request["fleet"]) == (variant, fleet)
    one.advance(HOUR)
    one.reaches(100)
    one.advance(HOUR)
    one.deploy.wait_in_service(one.name)

    def fleet() -> str | None:
        answer = one.runtime.invoke_endpoint(EndpointName=one.name, ContentType="text/csv", Body=b"1\n")
        return told("why", answer["ResponseMetadata"]["RequestId"])["fleet"]

    eventually(lambda: fleet() is None)


def test_what_is_out_of_time_is_rolled_back(rollout):
    one = rollout()
    policy = routing("LINEAR", wait=60, LinearStepSize=size(50))
    policy["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    with Callers(one.runtime, one.name, threads=2) as callers:
        one.update(policy)
        one.reaches(50)
        one.advance(600)
        one.deploy.wait_in_service(one.name)
    assert callers.failures == []
    back = one.describe()
    assert back["EndpointConfigName"] == f"{one.name}-blue"
    assert "MaximumExecutionTimeoutInSeconds of 600" in back["FailureReason"]
    assert one.invoked(50) == {"Blue": 50}


def test_what_does_not_start_gets_no_call(rollout):
    one = rollout()
    one.deploy.upload(f"{one.name}-green/model.tar.gz", b"no archive")
    with Callers(one.runtime, one.name, threads=2) as callers:
        one.update(routing("CANARY", CanarySize=size(10)))
        one.deploy.wait_in_service(one.name)
    assert callers.failures == [] and set(callers.answers) == {1.0}
    back = one.describe()
    assert back["EndpointConfigName"] == f"{one.name}-blue"
    assert "Green did not start" in back["FailureReason"]


def test_a_killed_server_goes_on_at_the_step_that_was_reached(start_server, deploy_to):
    server = start_server()
    one = Rollout(server, deploy_to(server), "killed")
    one.update(routing("LINEAR", wait=4, LinearStepSize=size(50)))
    one.reaches(100)
    server.kill9()
    server.start()
    again = deploy_to(server)
    one.deploy, one.sm, one.runtime = again, again.sm, server.client("sagemaker-runtime")

    def answers():
        try:
            return ask(one.runtime, one.name)
        except one.runtime.exceptions.ServiceUnavailable:
            return None

    eventually(answers)
    with Callers(one.runtime, one.name, threads=1) as callers:
        one.deploy.wait_in_service(one.name)
    assert callers.failures == []
    # First the old fleet alone, then the new one alone: at the first step they would alternate.
    assert callers.answers == sorted(callers.answers) and set(callers.answers) <= {1.0, 2.0}
    assert one.describe()["EndpointConfigName"] == "killed-green"
    assert one.invoked(50) == {"Green": 50}


def test_policies_that_make_no_sense_are_refused(rollout, refused):
    one = rollout(instances=4)
    instances = size(3, "INSTANCE_COUNT")
    for policy, text in [
        ({**routing("ALL_AT_ONCE"), **rolling(size(50))}, "one of the two"),
        (routing("CANARY"), "CANARY needs CanarySize"),
        (routing("CANARY", CanarySize=size(51)), "CanarySize of 51 percent"),
        (routing("CANARY", CanarySize=instances), "CanarySize of 3 instances"),
        (routing("LINEAR", LinearStepSize=size(5)), "10 to 50 percent"),
        (routing("LINEAR", LinearStepSize=size(10), CanarySize=size(10)), "has no CanarySize"),
        (rolling(size(4)), "5 to 50 percent"),
        (rolling(size(50), MaximumExecutionTimeoutInSeconds=600), "than the 7200 seconds"),
    ]:
        error = refused(one.update, policy)
        assert (error.status, error.code) == (400, "ValidationException"), policy
        assert text in error.message
    error = refused(one.update, {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}})
    assert (error.status, error.code) == (501, "NotImplemented")
    assert one.describe()["EndpointStatus"] == "InService"
