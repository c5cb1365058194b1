"""Uncompressed models: objects in S3 that an endpoint serves as they are, without a tarball."""

import json
import subprocess

import pytest
from botocore.exceptions import WaiterError

from artifacts import IMAGE, ROLE, archive, leaf
from server import binary, environment


def s3_source(uri: str, data_type: str = "S3Prefix", compression: str = "None", **more) -> dict:
    """`ModelDataSource` of one place in S3."""
    place = {"S3Uri": uri, "S3DataType": data_type, "CompressionType": compression, **more}
    return {"ModelDataSource": {"S3DataSource": place}}


def additional(*channels: tuple[str, str]) -> dict:
    """A source, and prefixes as additional ones, by channel."""
    sources = [
        {"ChannelName": name, **s3_source(uri)["ModelDataSource"]} for name, uri in channels
    ]
    return {**s3_source("s3://b/m/"), "AdditionalModelDataSources": sources}


@pytest.fixture
def create(sm, deploy, fresh):
    """Makes a model of a container and an endpoint configuration of it; both of that name."""

    def make(source: dict, as_list: bool = False) -> str:
        name, container = fresh("source"), {"Image": IMAGE, **source}
        given = {"Containers": [container]} if as_list else {"PrimaryContainer": container}
        sm.create_model(ModelName=name, ExecutionRoleArn=ROLE, **given)
        return deploy.config(name, {"AllTraffic": (name, 1.0)})

    return make


def answer(runtime, name: str) -> float:
    reply = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n")
    return float(reply["Body"].read())


@pytest.mark.parametrize("as_list", [False, True], ids=["primary", "list"])
@pytest.mark.parametrize(
    ("key", "uri", "data_type", "compression"),
    [
        ("xgboost-model", "", "S3Prefix", "None"),
        ("xgboost-model", "xgboost-model", "S3Object", "None"),
        ("packed.tar.gz", "packed.tar.gz", "S3Object", "Gzip"),
    ],
)
def test_a_model_is_served_as_it_lies_in_s3(
    sm, runtime, deploy, create, fresh, as_list, key, uri, data_type, compression
):
    place = fresh("place")
    model = leaf(4.5)
    deploy.upload(f"{place}/{key}", archive({"m": model}) if compression == "Gzip" else model)
    source = s3_source(f"s3://models/{place}/{uri}", data_type, compression)
    name = create(source, as_list)
    described = sm.describe_model(ModelName=name)
    shown = described["Containers"][0] if as_list else described["PrimaryContainer"]
    assert shown["ModelDataSource"] == source["ModelDataSource"]
    assert "ModelDataUrl" not in shown
    deploy.endpoint(name, name)
    assert answer(runtime, name) == 4.5


def test_a_prefix_of_many_files_is_served(runtime, deploy, create, fresh):
    place = fresh("many")
    deploy.upload(f"{place}/", b"")
    for number in range(120):
        deploy.upload(f"{place}/vocabulary/part-{number}", b"words")
    deploy.upload(f"{place}/xgboost-model", leaf(2.5))
    name = create(s3_source(f"s3://models/{place}/"))
    deploy.endpoint(name, name)
    assert answer(runtime, name) == 2.5


def test_what_is_served_is_kept_until_the_next_update(start_server, deploy_to):
    server = start_server()
    deploy, runtime = deploy_to(server), server.client("sagemaker-runtime")
    sm, s3 = server.client("sagemaker"), server.client("s3")
    deploy.upload("m/xgboost-model", leaf(1.0))
    container = {"Image": IMAGE, **s3_source("s3://models/m/")}
    sm.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    deploy.config("m", {"AllTraffic": ("m", 1.0)})
    # What there is when the endpoint comes up counts, not when the model was created.
    deploy.upload("m/xgboost-model", leaf(2.0))
    deploy.endpoint("m", "m")
    assert answer(runtime, "m") == 2.0
    deploy.upload("m/xgboost-model", leaf(3.0))
    assert answer(runtime, "m") == 2.0
    sm.update_endpoint(EndpointName="m", EndpointConfigName="m")
    deploy.wait_in_service("m")
    assert answer(runtime, "m") == 3.0
    s3.delete_object(Bucket="models", Key="m/xgboost-model")
    server.restart()
    deploy = deploy_to(server)
    deploy.wait_in_service("m")
    assert answer(server.client("sagemaker-runtime"), "m") == 3.0
    # An update that finds nothing leaves what serves, and says why.
    sm = server.client("sagemaker")
    sm.update_endpoint(EndpointName="m", EndpointConfigName="m")
    deploy.wait_in_service("m")
    reason = sm.describe_endpoint(EndpointName="m")["FailureReason"]
    assert "there is no object under `s3://models/m/`" in reason
    assert answer(server.client("sagemaker-runtime"), "m") == 3.0


@pytest.mark.parametrize(
    ("key", "uri", "data_type", "reason"),
    [
        ("a", "s3://models/{}/none/", "S3Prefix", "there is no object under `s3://models/{}/none/`"),
        ("a", "s3://models/{}/none", "S3Object", "there is no object at `s3://models/{}/none`"),
        ("a", "s3://no-such-bucket/x/", "S3Prefix", "there is no bucket `no-such-bucket`"),
        ("../a", "s3://models/{}/", "S3Prefix", "a part of its name is `..`"),
        ("a//b", "s3://models/{}/", "S3Prefix", "a part of its name is empty"),
        ("not-a-model", "s3://models/{}/", "S3Prefix", "not-a-model"),
    ],
)
def test_what_cannot_be_served_says_why(
    sm, deploy, create, fresh, key, uri, data_type, reason
):
    place = fresh("bad")
    deploy.upload(f"{place}/{key}", b"x")
    name = create(s3_source(uri.format(place), data_type))
    deploy.endpoint(name, name, wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(name)
    assert reason.format(place) in sm.describe_endpoint(EndpointName=name)["FailureReason"]


def test_a_manifest_says_which_objects_are_the_model_s(
    sm, runtime, s3, deploy, create, fresh
):
    place = fresh("listed")
    deploy.upload(f"{place}/new/xgboost-model", leaf(1.5))
    deploy.upload(f"{place}/xgboost-model", leaf(2.5))
    deploy.upload(f"{place}/not-a-model", b"x" * 100)
    listed = deploy.upload(f"{place}.csv", b"xgboost-model\n")
    etag = s3.head_object(Bucket="models", Key=f"{place}.csv")["ETag"]
    source = s3_source(f"s3://models/{place}/", ManifestS3Uri=listed, ManifestEtag=etag)
    name = create(source)
    shown = sm.describe_model(ModelName=name)["PrimaryContainer"]
    assert shown["ModelDataSource"] == source["ModelDataSource"]
    deploy.endpoint(name, name)
    assert answer(runtime, name) == 2.5


@pytest.mark.parametrize(
    ("manifest", "more", "reason"),
    [
        (b"/xgboost-model\n", {}, "line 1, `/xgboost-model`, is absolute"),
        (b"../a\n", {}, "a part of its name is `..`"),
        (b"gone\n", {}, "upload it or list it no more"),
        (b"a,b\n", {}, "line 1 has more than one column"),
        (b"[{]", {}, "as JSON it is"),
        (b"xgboost-model\n", {"ManifestEtag": "0" * 32}, "has the entity tag `"),
        (None, {}, "there is no object at `s3://models/"),
    ],
)
def test_manifests_that_cannot_be_followed_say_why(
    sm, deploy, create, fresh, manifest, more, reason
):
    place = fresh("list")
    deploy.upload(f"{place}/xgboost-model", leaf(1.0))
    uri = f"s3://models/{place}.csv"
    if manifest is not None:
        deploy.upload(f"{place}.csv", manifest)
    name = create(s3_source(f"s3://models/{place}/", ManifestS3Uri=uri, **more))
    deploy.endpoint(name, name, wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(name)
    assert reason in sm.describe_endpoint(EndpointName=name)["FailureReason"]


def test_an_object_must_have_the_tag_that_is_asked_for(sm, runtime, s3, deploy, create, fresh):
    place = fresh("tagged")
    uri = deploy.upload(f"{place}/xgboost-model", leaf(6.5))
    etag = s3.head_object(Bucket="models", Key=f"{place}/xgboost-model")["ETag"]
    name = create(s3_source(uri, "S3Object", ETag=etag))
    deploy.endpoint(name, name)
    assert answer(runtime, name) == 6.5
    deploy.upload(f"{place}/xgboost-model", leaf(7.5))
    sm.update_endpoint(EndpointName=name, EndpointConfigName=name)
    deploy.wait_in_service(name)
    reason = sm.describe_endpoint(EndpointName=name)["FailureReason"]
    assert f"not `{etag.strip(chr(34))}`" in reason
    assert answer(runtime, name) == 6.5


def test_additional_data_is_fetched_and_kept(start_server, deploy_to):
    server = start_server()
    deploy, sm, s3 = deploy_to(server), server.client("sagemaker"), server.client("s3")
    deploy.upload("m/xgboost-model", leaf(1.0))
    deploy.upload("draft/words", b"a draft")
    channels = [
        {"ChannelName": "draft", **s3_source("s3://models/draft/")["ModelDataSource"]},
        {"ChannelName": "same.2", **s3_source("s3://models/draft/")["ModelDataSource"]},
    ]
    container = {
        "Image": IMAGE,
        **s3_source("s3://models/m/"),
        "AdditionalModelDataSources": channels,
    }
    sm.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    shown = sm.describe_model(ModelName="m")["PrimaryContainer"]
    assert shown["AdditionalModelDataSources"] == channels
    deploy.config("m", {"AllTraffic": ("m", 1.0)})
    deploy.endpoint("m", "m")
    # What is gone is missed by the next endpoint, and by this one never.
    s3.delete_object(Bucket="models", Key="draft/words")
    deploy.endpoint("n", "m", wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service("n")
    reason = sm.describe_endpoint(EndpointName="n")["FailureReason"]
    assert "additional model data, channel `draft`: there is no object under" in reason
    sm.delete_endpoint(EndpointName="n")
    server.restart()
    deploy_to(server).wait_in_service("m")
    assert answer(server.client("sagemaker-runtime"), "m") == 1.0
    server.stop()
    report = check(server.data_dir)
    assert (report["damage"], report["orphans"], report["artifacts"]) == ([], [], 2)
    [words] = (server.data_dir / "artifacts").rglob("words")
    words.parent.chmod(0o755)
    words.unlink()
    [damage] = check(server.data_dir)["damage"]
    assert "file `words` is missing" in str(damage)


def check(data_dir) -> dict:
    """What `clary check` says."""
    command = [binary(), "check", "--data-dir", str(data_dir), "--json"]
    done = subprocess.run(command, capture_output=True, env=environment(), timeout=60)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("container", "status", "said"),
    [
        (s3_source("s3://b/m", "S3Prefix"), 400, "must end with a slash"),
        (s3_source("s3://b/m/", "S3Prefix", "Gzip"), 400, "name the archive itself"),
        (s3_source("s3://b/m/", "S3Object"), 400, "leave the slash out"),
        (s3_source("https://b/m/"), 400, "give it as `s3://bucket/key`"),
        ({**s3_source("s3://b/m/"), "ModelDataUrl": "s3://b/m.tar.gz"}, 400, "one of the two"),
        ({"ModelDataSource": {}}, 400, "needs an `S3DataSource`"),
        (s3_source("s3://b/m/", ETag="x"), 400, "a prefix has none"),
        (s3_source("s3://b/m/", ManifestEtag="x"), 400, "needs a `ManifestS3Uri`"),
        (s3_source("s3://b/m", "S3Object", ManifestS3Uri="s3://b/l"), 400, "lists objects under"),
        (additional(("draft", "s3://b/d/"), ("draft", "s3://b/e/")), 400, "is given twice"),
        (additional(("..", "s3://b/d/")), 400, "can't name a directory"),
        (additional(("a b", "s3://b/d/")), 400, "channelName"),
        (additional(*((f"c{n}", "s3://b/d/") for n in range(6))), 400, "additionalModelDataSources"),
        (additional(("draft", "s3://b/d")), 400, "must end with a slash"),
        (
            s3_source("s3://b/m/", HubAccessConfig={"HubContentArn": "arn:aws:sagemaker:x"}),
            501,
            "`HubAccessConfig`",
        ),
    ],
)
def test_sources_that_make_no_sense_are_refused(sm, refused, fresh, container, status, said):
    members = {"ModelName": fresh("refused"), "PrimaryContainer": {"Image": IMAGE, **container}}
    error = refused(sm.create_model, ExecutionRoleArn=ROLE, **members)
    assert error.status == status
    assert said in error.message
