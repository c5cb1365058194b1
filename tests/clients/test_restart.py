"""What is acknowledged survives: restarts, kill -9, and nobody has to call for it to come back."""

import hashlib
import json
import os
import random
import socket
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, HTTPClientError

from artifacts import IMAGE, ROLE, leaf
from server import Server, binary, environment, eventually, kill_seed

BIG = bytes(range(256)) * 4096


def ended_by_sigterm(server: Server) -> None:
    server.stop()


def ended_by_kill9(server: Server) -> None:
    server.kill9()


@pytest.mark.parametrize("end", [ended_by_sigterm, ended_by_kill9])
def test_endpoints_and_objects_come_back(start_server, deploy_to, end):
    server = start_server()
    deploy = deploy_to(server)
    deploy("kept", {"xgboost-model": leaf(6.5)})
    deploy.upload("data/big.bin", BIG)
    before = deploy.sm.describe_endpoint(EndpointName="kept")
    end(server)
    server.start()
    again = deploy_to(server)
    # The waiter only describes: nothing but the start itself brings the endpoint back.
    again.wait_in_service("kept")
    after = again.sm.describe_endpoint(EndpointName="kept")
    assert after["EndpointArn"] == before["EndpointArn"]
    assert after["CreationTime"] == before["CreationTime"]
    runtime = server.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="kept", ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == 6.5
    assert again.s3.get_object(Bucket="models", Key="data/big.bin")["Body"].read() == BIG
    assert server.running()


def test_an_endpoint_answers_once_the_ready_line_is_out_or_soon_after(start_server, deploy_to):
    server = start_server()
    deploy_to(server)("kept", {"xgboost-model": leaf(1.0)})
    server.kill9()
    server.start()
    runtime = server.client("sagemaker-runtime")

    def answered():
        try:
            return runtime.invoke_endpoint(
                EndpointName="kept", ContentType="text/csv", Body=b"1\n"
            )["Body"].read()
        except runtime.exceptions.ServiceUnavailable:
            return None

    assert float(eventually(answered)) == 1.0


def test_what_was_acknowledged_a_moment_before_kill9_is_there(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    model = deploy.model("m", {"xgboost-model": leaf(1.0)})
    deploy.config("c", {"AllTraffic": (model, 1.0)})
    deploy.sm.create_endpoint(EndpointName="e", EndpointConfigName="c")
    server.kill9()
    server.start()
    deploy_to(server).wait_in_service("e")


def test_a_deletion_that_was_acknowledged_is_finished_after_kill9(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    deploy("e", {"xgboost-model": leaf(1.0)})
    deploy.sm.delete_endpoint(EndpointName="e")
    server.kill9()
    server.start()
    again = deploy_to(server)
    again.wait_deleted("e")
    assert [m["ModelName"] for m in again.sm.list_models()["Models"]] == ["e"]


def test_a_failed_endpoint_stays_failed(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    model = deploy.model("bad", {"xgboost-model": b"no model"})
    deploy.endpoint("bad", deploy.config("bad", {"AllTraffic": (model, 1.0)}), wait=False)

    def status(client):
        return client.describe_endpoint(EndpointName="bad")

    eventually(lambda: status(deploy.sm)["EndpointStatus"] == "Failed")
    reason = status(deploy.sm)["FailureReason"]
    server.restart()
    again = status(server.client("sagemaker"))
    assert (again["EndpointStatus"], again["FailureReason"]) == ("Failed", reason)


def test_a_data_directory_serves_one_server_at_a_time(start_server):
    server = start_server()
    with pytest.raises(AssertionError, match="in use by another"):
        Server(server.data_dir).start()
    assert server.running()

# A random campaign

ROUNDS = int(os.environ.get("CLARY_KILL_ROUNDS", "50"))
WRITERS = 4
KEYS = 6
PART_MIN = 5 * 1024 * 1024
# What the configurations that an endpoint is moved between answer.
ANSWERS = {"six": 6.5, "seven": 7.5}
# How: at once, or in steps that follow one another without a wait, so that kills strike between them.
POLICIES = [
    {},
    {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
        "Type": "CANARY", "WaitIntervalInSeconds": 0, "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
    }}},
    {"RollingUpdatePolicy": {
        "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 5}, "WaitIntervalInSeconds": 0,
    }},
]


@dataclass
class Tally:
    """When kills struck, and what there was to lose."""

    rounds: int = 0
    starts_cut_short: int = 0
    objects_read_back: int = 0
    endpoints_asked: int = 0

    def line(self, writers: list["Writer"]) -> str:
        """One line for who records a long campaign."""
        listed = lambda counts: ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
        return (
            f"{self.rounds} kills, {self.starts_cut_short} starts cut short besides; "
            f"acknowledged: {listed(sum((w.calls for w in writers), Counter()))}; "
            f"cut off: {listed(sum((w.cut_off for w in writers), Counter()))}; "
            f"read back: {self.objects_read_back} objects, {self.endpoints_asked} endpoints"
        )


class Writer:
    """One client that changes things of its own, and remembers what it was told is done."""

    def __init__(self, name: str, s3, sm, chance: random.Random):
        self.name, self.s3, self.sm, self.chance = name, s3, sm, chance
        # What each name may hold now: one state, or after a call without an answer, two.
        self.objects: dict[str, list[str | None]] = {}
        self.models: dict[str, list[bool]] = {}
        self.served: list[str | None] = [None]
        self.calls: Counter = Counter()
        self.cut_off: Counter = Counter()
        self.wrong: Exception | None = None

    def work(self) -> None:
        """Changes one thing after another until the server is gone."""
        steps = [self.put] * 12 + [self.delete] * 3 + [self.parts] + [self.model] * 4 + [self.endpoint] * 3
        while True:
            step = self.chance.choice(steps)
            try:
                step()
            except (BotoCoreError, HTTPClientError):
                self.cut_off[step.__name__] += 1
                return
            except Exception as error:
                self.wrong = error
                return
            self.calls[step.__name__] += 1

    def key(self) -> str:
        return f"{self.name}/{self.chance.randrange(KEYS)}"

    def body(self, size: int) -> bytes:
        return self.chance.randbytes(size)

    def change(self, key: str, new: bytes | None, call) -> None:
        """Calls; until there is an answer, the old state and the new one are both right."""
        digest = None if new is None else hashlib.sha256(new).hexdigest()
        old = self.objects.get(key, [None])
        self.objects[key] = [*old, digest]
        call()
        self.objects[key] = [digest]

    def put(self) -> None:
        key, body = self.key(), self.body(self.chance.choice([0, 10, 3_000, 70_000]))
        self.change(key, body, lambda: self.s3.put_object(Bucket="kills", Key=key, Body=body))

    def delete(self) -> None:
        key = self.key()
        self.change(key, None, lambda: self.s3.delete_object(Bucket="kills", Key=key))

    def parts(self) -> None:
        key, bodies = self.key(), [self.body(PART_MIN), self.body(100)]
        place = {"Bucket": "kills", "Key": key}
        place["UploadId"] = self.s3.create_multipart_upload(**place)["UploadId"]
        parts = [
            {"PartNumber": n, "ETag": self.s3.upload_part(**place, PartNumber=n, Body=b)["ETag"]}
            for n, b in enumerate(bodies, 1)
        ]
        listed = {"Parts": parts}
        complete = lambda: self.s3.complete_multipart_upload(**place, MultipartUpload=listed)
        self.change(key, b"".join(bodies), complete)

    def model(self) -> None:
        name = f"{self.name}-{self.chance.randrange(KEYS)}"
        there = self.models.get(name, [False])[0]
        self.models[name] = [there, not there]
        if there:
            self.sm.delete_model(ModelName=name)
        else:
            container = {"Image": IMAGE, "ModelDataUrl": "s3://kills/none"}
            self.sm.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        self.models[name] = [not there]

    def endpoint(self) -> None:
        """Creates this writer's endpoint, or moves it to the other configuration, or deletes it.
        One that is busy is let be, unless it is to go."""
        [there] = self.served
        if there is None:
            self.serve(self.chance.choice(list(ANSWERS)), self.sm.create_endpoint)
        elif self.chance.random() < 0.3:
            self.served = [there, None]
            self.sm.delete_endpoint(EndpointName=self.name)
            self.served = [None]
            eventually(lambda: self.status() is None)
        elif self.status() == "InService":
            [other] = set(ANSWERS) - {there}
            self.serve(other, self.sm.update_endpoint, DeploymentConfig=self.chance.choice(POLICIES))

    def serve(self, config: str, call, **members) -> None:
        self.served = [*self.served, config]
        call(EndpointName=self.name, EndpointConfigName=config, **members)
        self.served = [config]

    def status(self) -> str | None:
        """How the endpoint is; none if there is no such thing."""
        listed = self.sm.list_endpoints(NameContains=self.name)["Endpoints"]
        return next((item["EndpointStatus"] for item in listed if item["EndpointName"] == self.name), None)

    def settle_endpoint(self, runtime) -> None:
        """The endpoint serves what was acknowledged, or what was asked for without an answer."""
        eventually(lambda: self.status() in ("InService", None), 20)
        found = None if self.status() is None else eventually(lambda: answer(runtime, self.name))
        allowed = {config and ANSWERS[config]: config for config in self.served}
        assert found in allowed, f"{self.name}: {found} and not one of {self.served}"
        self.served = [allowed[found]]

    def settle(self, found_objects: dict[str, str], found_models: set[str]) -> None:
        """Everything acknowledged is there; what is there otherwise was at least asked for."""
        for key, states in self.objects.items():
            found = found_objects.get(key)
            assert found in states, f"{key}: {found} and not one of {states}"
            self.objects[key] = [found]
        for name, states in self.models.items():
            assert (name in found_models) in states, f"{name}: {states}"
            self.models[name] = [name in found_models]


def found(s3, sm) -> tuple[dict[str, str], set[str]]:
    """Hashes of all objects, and the names of all models."""
    objects = {}
    for item in s3.list_objects_v2(Bucket="kills").get("Contents", []):
        body = s3.get_object(Bucket="kills", Key=item["Key"])["Body"].read()
        objects[item["Key"]] = hashlib.sha256(body).hexdigest()
    pages = sm.get_paginator("list_models").paginate()
    return objects, {model["ModelName"] for page in pages for model in page["Models"]}


def kill_while_starting(server: Server, chance: random.Random) -> None:
    """A start that is cut short; the next must mend what it left."""
    process = server.spawn()
    time.sleep(chance.uniform(0, 0.15))
    process.kill()
    process.wait()
    process.stdout.close()


class Campaign:
    """A server that is killed again and again, the clients that write to it, and what they know."""

    def __init__(self, server: Server, chance: random.Random):
        self.server, self.chance, self.tally = server, chance, Tally()
        self.s3, self.sm = server.client("s3"), server.client("sagemaker")
        self.runtime = server.client("sagemaker-runtime")
        self.writers = [
            Writer(f"w{n}", self.s3, self.sm, random.Random(chance.random())) for n in range(WRITERS)
        ]

    def strike(self) -> None:
        """Kills the server while everybody writes, and now and then the next start of it too."""
        threads = [threading.Thread(target=writer.work) for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(0, 0.25))
        self.server.kill9()
        for thread, writer in zip(threads, self.writers):
            thread.join(30)
            assert not thread.is_alive()
            if writer.wrong:
                raise writer.wrong
        if self.chance.random() < 0.2:
            kill_while_starting(self.server, self.chance)
            self.tally.starts_cut_short += 1
        self.tally.rounds += 1

    def settle(self) -> None:
        """Looks at all there is after a start."""
        objects, models = found(self.s3, self.sm)
        for writer in self.writers:
            writer.settle(objects, models)
            writer.settle_endpoint(self.runtime)
        states = [state for writer in self.writers for state in writer.objects.values()]
        assert len(objects) == sum(state != [None] for state in states)
        assert eventually(lambda: answer(self.runtime, "kept")) == 6.5
        self.tally.objects_read_back += len(objects)
        self.tally.endpoints_asked += 1 + sum(writer.served != [None] for writer in self.writers)


def test_kills_at_any_moment_lose_nothing(tmp_path, deploy_to):
    """CLARY_KILL_ROUNDS and CLARY_KILL_SEED make it longer, or the same again."""
    chance = random.Random(kill_seed())
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = Server(tmp_path / "data", "--api", address).start()
    try:
        deploy = deploy_to(server)
        deploy.s3.create_bucket(Bucket="kills")
        for name, value in ANSWERS.items():
            deploy.config(name, {"only": (deploy.model(name, {"xgboost-model": leaf(value)}), 1.0)})
        deploy.endpoint("kept", "six")
        campaign = Campaign(server, chance)
        for turn in range(ROUNDS):
            print(f"round {turn}")
            campaign.strike()
            if turn % 10 == 9:
                assert check(server.data_dir)["damage"] == []
            server.start()
            campaign.settle()
        print(campaign.tally.line(campaign.writers))
        assert sum(writer.calls.total() for writer in campaign.writers) > ROUNDS
        server.stop()
        report = check(server.data_dir)
        assert (report["damage"], report["orphans"]) == ([], [])
        assert not (server.data_dir / "unreferenced").exists(), "every leftover was known for what it was"
    finally:
        server.close()


def answer(runtime, endpoint: str) -> float | None:
    """What the endpoint says; none while it comes back."""
    try:
        reply = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1\n")
        return float(reply["Body"].read())
    except runtime.exceptions.ServiceUnavailable:
        return None


def check(data_dir: Path) -> dict:
    """What `clary check` says."""
    command = [binary(), "check", "--data-dir", str(data_dir), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, env=environment()).stdout)


def test_another_account_or_region_than_the_data_s_is_refused(start_server, deploy_to):
    server = start_server()
    server.restart()  # What holds nothing yet may be anybody's.
    deploy_to(server)("mine", {"xgboost-model": leaf(1.0)})
    server.stop()
    for flag, other in [("--region", "eu-west-1"), ("--account", "111111111111")]:
        command = [binary(), "serve", "--data-dir", str(server.data_dir), flag, other]
        command += ["--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]
        ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "`--account 000000000000 --region us-east-1`" in ended.stderr
    server.start()
