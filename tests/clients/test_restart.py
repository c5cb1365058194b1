"""What is acknowledged survives: restarts, kill -9, and nobody has to call for it to come back."""

import hashlib
import json
import os
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, HTTPClientError

from artifacts import IMAGE, ROLE, leaf
from server import Server, binary, environment, eventually

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
SEED = int(os.environ.get("CLARY_KILL_SEED", time.time_ns() % 1_000_000))
WRITERS = 4
KEYS = 6
PART_MIN = 5 * 1024 * 1024


class Writer:
    """One client that changes things of its own, and remembers what it was told is done."""

    def __init__(self, name: str, s3, sm, chance: random.Random):
        self.name, self.s3, self.sm, self.chance = name, s3, sm, chance
        # What each name may hold now: one state, or after a call without an answer, two.
        self.objects: dict[str, list[str | None]] = {}
        self.models: dict[str, list[bool]] = {}
        self.calls = 0

    def work(self) -> None:
        """Changes one thing after another until the server is gone."""
        steps = [self.put] * 12 + [self.delete] * 3 + [self.parts] + [self.model] * 4
        try:
            while True:
                self.chance.choice(steps)()
                self.calls += 1
        except (BotoCoreError, HTTPClientError):
            return

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


def test_kills_at_any_moment_lose_nothing(tmp_path, deploy_to):
    """CLARY_KILL_ROUNDS and CLARY_KILL_SEED make it longer, or the same again."""
    print(f"CLARY_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = Server(tmp_path / "data", "--api", address).start()
    try:
        s3, sm = server.client("s3"), server.client("sagemaker")
        runtime = server.client("sagemaker-runtime")
        s3.create_bucket(Bucket="kills")
        deploy_to(server)("kept", {"xgboost-model": leaf(6.5)})
        writers = [
            Writer(f"w{n}", s3, sm, random.Random(chance.random())) for n in range(WRITERS)
        ]
        for turn in range(ROUNDS):
            threads = [threading.Thread(target=writer.work) for writer in writers]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0, 0.25))
            server.kill9()
            for thread in threads:
                thread.join(30)
                assert not thread.is_alive()
            if chance.random() < 0.2:
                kill_while_starting(server, chance)
            if turn % 10 == 9:
                report = check(server.data_dir)
                assert report["damage"] == [], (SEED, turn, report)
            server.start()
            objects, models = found(s3, sm)
            for writer in writers:
                writer.settle(objects, models)
            expected = [state for w in writers for state in w.objects.values() if state != [None]]
            assert len(objects) == len(expected), (SEED, turn)
            assert eventually(lambda: answer(runtime)) == 6.5, (SEED, turn)
        assert sum(writer.calls for writer in writers) > ROUNDS
        server.stop()
        report = check(server.data_dir)
        assert (report["damage"], report["orphans"]) == ([], [])
    finally:
        server.close()


def answer(runtime) -> float | None:
    """What the endpoint says; none while it comes back."""
    try:
        reply = runtime.invoke_endpoint(EndpointName="kept", ContentType="text/csv", Body=b"1\n")
        return float(reply["Body"].read())
    except runtime.exceptions.ServiceUnavailable:
        return None


def check(data_dir: Path) -> dict:
    """What `clary check` says."""
    command = [binary(), "check", "--data-dir", str(data_dir), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, env=environment()).stdout)
