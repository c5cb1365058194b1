"""Disks that fill up or fail, `clary check`, and the data directories of earlier versions."""

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import tarfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from artifacts import ROLE, archive, leaf
from server import Server, binary, environment, eventually

FIXTURE = Path(__file__).resolve().parents[2] / "crates/store/tests/fixtures/layout-1.tar.gz"
KB = 1024


def check(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Runs `clary check`."""
    command = [binary(), "check", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)


def checked(data_dir: Path) -> dict:
    """What `clary check --json` says of a sound directory."""
    done = check(data_dir, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


# clary check


def test_a_sound_directory_is_counted(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    deploy("served", {"xgboost-model": leaf(1.0)})
    deploy.upload("x", b"data")
    in_use = check(server.data_dir)
    assert (in_use.returncode, in_use.stdout) == (1, "")
    assert "in use by another process" in in_use.stderr
    server.stop()
    report = checked(server.data_dir)
    assert (report["sound"], report["damage"], report["orphans"]) == (True, [], [])
    assert (report["objects"], report["records"], report["artifacts"]) == (2, 3, 1)
    text = check(server.data_dir)
    assert text.stdout.startswith("sound: 3 records, 2 objects in 1 bucket with ")


def test_damage_is_named_and_fails(start_server, deploy_to):
    server = start_server()
    deploy_to(server).upload("x", b"data")
    server.kill9()
    [blob] = [path for path in (server.data_dir / "objects").rglob("*") if path.is_file()]
    blob.write_bytes(b"dat\0")
    done = check(server.data_dir)
    assert done.returncode == 1
    assert "damaged: object `models/x`: the bytes of blob" in done.stdout
    assert "is damaged in 1 place" in done.stderr
    report = json.loads(check(server.data_dir, "--json").stdout)
    assert (report["sound"], len(report["damage"])) == (False, 1)
    none = check(server.data_dir / "objects")
    assert (none.returncode, "is not a data directory" in none.stderr) == (1, True)


def test_bytes_that_are_not_there_are_an_error_and_no_cut_answer(start_server, deploy_to, refused):
    server = start_server()
    deploy_to(server).upload("x", b"data")
    for blob in (server.data_dir / "objects").rglob("*"):
        if blob.is_file():
            blob.unlink()
    error = refused(server.client("s3").get_object, Bucket="models", Key="x")
    assert (error.status, error.code) == (500, "InternalError")
    assert "`clary check` lists all such damage" in error.message
    assert "panicked" not in server.stderr()


# Databases of another time


def test_an_older_database_loses_no_newer_objects(start_server, refused):
    server = start_server()
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="old", Body=b"old")
    server.stop()
    database, older, newer = (server.data_dir / name for name in ("meta.sqlite", "older", "newer"))
    shutil.copy(database, older)
    server.start()
    server.client("s3").put_object(Bucket="kept", Key="new", Body=b"new")
    server.stop()
    database.rename(newer)
    older.rename(database)
    assert "no object names it; the next start moves it to `unreferenced`" in check(server.data_dir).stdout
    server.start()
    s3 = server.client("s3")
    assert s3.get_object(Bucket="kept", Key="old")["Body"].read() == b"old"
    assert refused(s3.get_object, Bucket="kept", Key="new").code == "NoSuchKey"
    assert "`meta.sqlite` does not know some objects" in server.stderr()
    server.kill9()
    [orphan] = checked(server.data_dir)["orphans"]
    assert orphan["place"].startswith(str(server.data_dir / "unreferenced"))
    # Its log belongs to the database that goes.
    for log in server.data_dir.glob("meta.sqlite-*"):
        log.unlink()
    newer.rename(database)
    server.start()
    assert server.client("s3").get_object(Bucket="kept", Key="new")["Body"].read() == b"new"
    server.stop()
    assert checked(server.data_dir)["orphans"] == []


# Damaged artifacts


def cut_short(artifact: Path, manifest: Path) -> None:
    (artifact / "xgboost-model").write_bytes(b"{")


def changed(artifact: Path, manifest: Path) -> None:
    """As many bytes as before, which are no model."""
    model = artifact / "xgboost-model"
    model.write_bytes(b"x" * model.stat().st_size)


def missing(artifact: Path, manifest: Path) -> None:
    (artifact / "xgboost-model").unlink()


def without_directory(artifact: Path, manifest: Path) -> None:
    shutil.rmtree(artifact)


def without_manifest(artifact: Path, manifest: Path) -> None:
    manifest.unlink()


HARMS = {"cut": cut_short, "changed": changed, "missing": missing, "away": without_directory, "bare": without_manifest}


def harm(data_dir: Path, endpoint: str, how) -> None:
    """Harms what the endpoint serves from, as a disk or an operator might."""
    with contextlib.closing(sqlite3.connect(data_dir / "meta.sqlite")) as database:
        query = "SELECT body FROM records WHERE kind = 'endpoint' AND key = ?"
        [body] = database.execute(query, [endpoint]).fetchone()
    [variant] = json.loads(body)["current"]["variants"]
    artifact = data_dir / "artifacts" / variant["artifact_id"]
    for path in (artifact, *artifact.rglob("*")):
        path.chmod(0o755)
    how(artifact, data_dir / "manifests" / variant["artifact_id"])


def served(server: Server, endpoint: str) -> float:
    """What an endpoint that is in service answers."""
    runtime = server.client("sagemaker-runtime")
    reply = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=b"1\n")
    return float(reply["Body"].read())


def test_a_damaged_artifact_is_made_again(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    for value, name in enumerate(HARMS):
        deploy(name, {"xgboost-model": leaf(float(value)), "code/inference.py": b"#"})
    server.stop()
    for name, how in HARMS.items():
        harm(server.data_dir, name, how)
    done = check(server.data_dir)
    assert f"is damaged in {len(HARMS)} places" in done.stderr, done.stdout
    assert "its manifest is missing or cannot be read" in done.stdout
    assert done.stdout.count("the next start makes it again if its source still gives the same") == len(HARMS)
    server.start()
    for value, name in enumerate(HARMS):
        deploy_to(server).wait_in_service(name)
        assert served(server, name) == value
    assert server.stderr().count("a damaged artifact was made again") == len(HARMS)
    server.stop()
    report = checked(server.data_dir)
    assert (report["artifacts"], report["orphans"]) == (len(HARMS), [])


def test_what_cannot_be_made_again_is_named_and_never_another_model(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    for name in ("gone", "other", "same", "bare"):
        deploy(name, {"xgboost-model": leaf(1.0)})
    for name in ("gone", "bare"):
        deploy.s3.delete_object(Bucket="models", Key=f"{name}/model.tar.gz")
    for name, value in [("other", 2.0), ("same", 1.0)]:
        deploy.upload(f"{name}/model.tar.gz", archive({"xgboost-model": leaf(value)}))
    server.stop()
    for name, how in [("gone", missing), ("other", changed), ("same", changed), ("bare", without_manifest)]:
        harm(server.data_dir, name, how)
    server.start()
    again = deploy_to(server)
    for name, problem, why in [
        ("gone", "is missing", "there is no object at `s3://models/gone/model.tar.gz`; upload the artifact, "),
        ("other", "is not what was unpacked", "its source has changed since and gives other files; "),
    ]:
        describe = lambda name=name: again.sm.describe_endpoint(EndpointName=name)
        endpoint = eventually(lambda: (found := describe())["EndpointStatus"] == "Failed" and found)
        told = f"on the server's disk (file `xgboost-model` {problem}) and can't be made again: {why}"
        assert told in endpoint["FailureReason"], endpoint["FailureReason"]
    # The same files from another object are the same model; and what can't be compared is used as it is.
    for name in ("same", "bare"):
        again.wait_in_service(name)
        assert served(server, name) == 1.0
    assert "an artifact can't be compared with what was unpacked" in server.stderr()
    server.stop()
    [damage] = json.loads(check(server.data_dir, "--json").stdout)["damage"]
    assert damage["problem"].startswith("its manifest is missing or cannot be read")


# Damaged records

# What the records are called, how each is shown and deleted, and in which order they can go.
SHOWN = {
    "endpoint": ("sagemaker", "describe_endpoint", "delete_endpoint", "EndpointName"),
    "endpoint-config": ("sagemaker", "describe_endpoint_config", "delete_endpoint_config", "EndpointConfigName"),
    "model": ("sagemaker", "describe_model", "delete_model", "ModelName"),
    "rest-api-gateway-response": ("apigateway", "get_gateway_response", "delete_gateway_response", "responseType"),
    "rest-api-validator": (
        "apigateway", "get_request_validator", "delete_request_validator", "requestValidatorId"
    ),
    "rest-api-resource": ("apigateway", "get_resource", "delete_resource", "resourceId"),
    "rest-api-model": ("apigateway", "get_model", "delete_model", "modelName"),
    "rest-api-stage": ("apigateway", "get_stage", "delete_stage", "stageName"),
    "rest-api-deployment": ("apigateway", "get_deployment", "delete_deployment", "deploymentId"),
    "rest-api": ("apigateway", "get_rest_api", "delete_rest_api", "restApiId"),
}


def damaged(data_dir: Path) -> list[tuple[str, str]]:
    """Damages every record but one API's root, and says which there are."""
    with contextlib.closing(sqlite3.connect(data_dir / "meta.sqlite")) as database, database:
        database.execute(
            """UPDATE records SET body = '{"name": ' WHERE NOT (kind = 'rest-api-resource' AND body LIKE '%"path":"/"%')"""
        )
        return database.execute("SELECT kind, key FROM records WHERE body = '{\"name\": '").fetchall()


def test_what_is_damaged_is_named_and_can_be_deleted(start_server, deploy_to, refused):
    server = start_server()
    deploy_to(server)("served", {"xgboost-model": leaf(1.0)})
    api = server.client("apigateway")
    rest_api = api.create_rest_api(name="damaged")["id"]
    [root] = api.get_resources(restApiId=rest_api)["items"]
    method = {"restApiId": rest_api, "resourceId": root["id"], "httpMethod": "GET"}
    api.put_method(**method, authorizationType="NONE")
    api.put_integration(**method, type="MOCK")
    api.create_resource(restApiId=rest_api, parentId=root["id"], pathPart="pets")
    api.create_request_validator(restApiId=rest_api, name="body", validateRequestBody=True)
    api.put_gateway_response(restApiId=rest_api, responseType="THROTTLED", statusCode="429")
    api.create_deployment(restApiId=rest_api, stageName="dev")
    server.stop()
    records = damaged(server.data_dir)
    assert {kind for kind, _ in records} == {*SHOWN, "rest-api-snapshot"}, "every kind is damaged"
    server.start()
    for kind, (service, show, delete, name) in SHOWN.items():
        client = server.client(service)
        for key in [key for found, key in records if found == kind]:
            _, slash, part = key.partition("/")
            place = {"restApiId": rest_api, name: part} if slash else {name: key}
            error = refused(getattr(client, show), **place)
            assert (error.status, f"the stored {kind} `{key}` is damaged" in error.message) == (500, True), error
            assert "delete it and create it again, or stop the server and restore" in error.message
            getattr(client, delete)(**place)
            if kind == "rest-api-gateway-response":
                assert client.get_gateway_response(**place)["defaultResponse"], "the default is back"
                continue
            assert refused(getattr(client, show), **place).status in (400, 404)
    server.stop()
    assert checked(server.data_dir)["records"] == 0


# Layouts


def unpacked(tmp_path: Path) -> Path:
    data_dir = tmp_path / "data"
    with tarfile.open(FIXTURE) as packed:
        packed.extractall(data_dir, filter="tar")
    return data_dir


def test_the_first_layout_is_served(tmp_path, deploy_to):
    data_dir = unpacked(tmp_path)
    server = Server(data_dir).start()
    try:
        deploy_to(server).wait_in_service("served")
        answer = server.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="served", ContentType="text/csv", Body=b"1\n"
        )
        assert float(answer["Body"].read()) == 6.5
        s3 = server.client("s3")
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="bucket")["Contents"]]
        assert keys == ["empty", "parts", "plain", "schön/日本", "served/model.tar.gz"]
        assert s3.get_object(Bucket="bucket", Key="plain")["Body"].read() == b"plain"
        server.stop()
    finally:
        server.close()
    assert checked(data_dir)["records"] == 3


def test_a_newer_layout_is_refused(tmp_path):
    data_dir = unpacked(tmp_path)
    (data_dir / "LAYOUT").write_text("2\n")
    with pytest.raises(AssertionError, match="run a version that is at least as new"):
        Server(data_dir).start()
    assert "run a version that is at least as new" in check(data_dir).stderr


# Full disks


class FullDisk:
    """A small file system of its own for servers, in a user's own mount namespace."""

    def __init__(self, place: Path, size: str):
        place.mkdir()
        script = f'mount -t tmpfs -o size={size} tmpfs "{place}" && echo mounted && exec cat'
        self.holder = subprocess.Popen(
            ["unshare", "-Urm", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.mounted = self.holder.stdout.readline() == "mounted\n"

    def wrap(self) -> list[str]:
        """What goes before a command that shall see the file system."""
        return ["nsenter", "--preserve-credentials", "-U", "-m", "-t", str(self.holder.pid)]

    def close(self) -> None:
        """Ends the name space, and the file system with it."""
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        self.holder.stderr.close()


@pytest.fixture
def full_disk(tmp_path):
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("util-linux is missing")
    disk = FullDisk(tmp_path / "disk", "6m")
    if not disk.mounted:
        disk.close()
        pytest.skip("name spaces of users are forbidden here")
    yield disk
    disk.close()


def fill(s3, size: int, name: str) -> tuple[dict[str, bytes], ClientError]:
    """Puts objects until one is refused; those that were acknowledged, and the refusal."""
    stored = {}
    for number in range(1000):
        key, body = f"{name}-{number}", os.urandom(size)
        try:
            s3.put_object(Bucket="full", Key=key, Body=body)
        except ClientError as error:
            return stored, error
        stored[key] = body
    raise AssertionError("the disk never filled up")


def test_a_full_disk_loses_nothing_and_says_so(full_disk, tmp_path):
    server = Server(tmp_path / "disk" / "data", wrap=full_disk.wrap()).start()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="full")
        stored, error = fill(s3, 200 * KB, "large")
        more, _ = fill(s3, 1 * KB, "small")
        stored |= more
        response = error.response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 507
        assert response["Error"]["Code"] == "InsufficientStorage"
        assert "disk is full" in response["Error"]["Message"]
        assert "No space left on device" in server.stderr()

        def all_there(client):
            for key, body in stored.items():
                assert client.get_object(Bucket="full", Key=key)["Body"].read() == body, key

        all_there(s3)
        server.kill9()
        server.start()
        s3 = server.client("s3")
        all_there(s3)
        for key in [key for key in stored if key.startswith("large")][:3]:
            s3.delete_object(Bucket="full", Key=key)
            del stored[key]
        s3.put_object(Bucket="full", Key="again", Body=b"room")
        stored["again"] = b"room"
        all_there(s3)
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="full")["Contents"]]
        assert sorted(keys) == sorted(stored)
        server.stop()
    finally:
        server.close()
    command = [*full_disk.wrap(), binary(), "check", "--data-dir", str(server.data_dir), "--json"]
    report = json.loads(subprocess.run(command, capture_output=True, env=environment()).stdout)
    assert (report["damage"], report["orphans"]) == ([], [])


def test_a_start_on_a_full_disk_says_which(full_disk, tmp_path):
    fill_up = f'head -c 8M /dev/zero > "{tmp_path}/disk/full"'
    subprocess.run([*full_disk.wrap(), "sh", "-c", fill_up], stderr=subprocess.DEVNULL)
    server = Server(tmp_path / "disk" / "data", wrap=full_disk.wrap())
    try:
        with pytest.raises(AssertionError) as refused:
            server.start()
    finally:
        server.close()
    told = f"the disk of data directory `{server.data_dir}` is full; free space there or give another `--data-dir`"
    assert told in str(refused.value)


def test_a_database_that_does_not_open_is_named(tmp_path):
    data_dir = unpacked(tmp_path)
    (data_dir / "meta.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(AssertionError) as refused:
        Server(data_dir).start()
    told = f"`{data_dir}/meta.sqlite` can't be opened; `clary check --data-dir {data_dir}` tells whether it is damaged"
    assert told in str(refused.value)
    assert "damaged: meta.sqlite: " in check(data_dir).stdout


def test_a_database_out_of_reach_is_not_called_damaged(tmp_path):
    data_dir = unpacked(tmp_path)
    # What stands in the place of the log can't be opened by anybody, whatever their rights.
    (data_dir / "meta.sqlite-wal" / "x").mkdir(parents=True)
    done = check(data_dir)
    assert (done.returncode, done.stdout) == (1, "")
    told = f"`{data_dir}/meta.sqlite` can't be opened here; check as the user that the server runs as, and on a copy"
    assert told in done.stderr


def test_writes_that_fail_are_refused_until_they_work_again(start_server, refused):
    """No file may grow: the database's writes fail as on a broken disk."""
    server = start_server()
    s3, sm = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="before", Body=b"before")
    pid, unlimited = server.process.pid, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    error = refused(s3.put_object, Bucket="kept", Key="large", Body=bytes(100 * KB))
    assert error.status in (500, 507)
    error = refused(s3.put_object, Bucket="kept", Key="small", Body=b"x")
    assert error.status in (500, 507)
    model = {"Image": "a/b:1", "ModelDataUrl": "s3://kept/model.tar.gz"}
    error = refused(sm.create_model, ModelName="m", PrimaryContainer=model, ExecutionRoleArn=ROLE)
    assert error.status in (500, 503)
    assert "a commit failed" in server.stderr()
    assert s3.get_object(Bucket="kept", Key="before")["Body"].read() == b"before"

    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    s3.put_object(Bucket="kept", Key="after", Body=bytes(100 * KB))
    sm.create_model(ModelName="m", PrimaryContainer=model, ExecutionRoleArn=ROLE)
    server.kill9()
    assert checked(server.data_dir)["sound"]
    server.start()
    listed = server.client("s3").list_objects_v2(Bucket="kept")["Contents"]
    assert [item["Key"] for item in listed] == ["after", "before"]

