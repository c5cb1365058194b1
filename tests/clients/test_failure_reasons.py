"""FailureReason: every way in which an endpoint can fail says what failed, where, and what to do."""

import gzip
import pickle

import pytest
from botocore.exceptions import WaiterError

from artifacts import IMAGE, ROLE, archive, leaf

START = "The primary container for production variant AllTraffic did not start: "
PACK = "pack it with `tar czf model.tar.gz -C DIR .`"
MODEL = leaf(1.0)
OTHER_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"
NOT_A_MODEL = "model file `xgboost-model` is not a model that clary reads: "


def escaping() -> bytes:
    return archive({"../../etc/passwd": b"x"})


# Name, what lies at the key (none: nothing), what the reason begins with, what it ends with, and
# members of the container.
CASES = [
    ("no key", None, "there is no object at `{url}`", "upload the artifact, then create the endpoint again", {}),
    ("not gzip", b"hello there", "`{key}` is not gzip: it starts with `hello th`", PACK, {}),
    ("empty object", b"", "`{key}` is not gzip: it is empty", PACK, {}),
    ("cut short", archive({"xgboost-model": MODEL})[:-20], "`{key}` is cut short", "upload it again", {}),
    ("damaged gzip", None, "`{key}` has damaged gzip data: ", "upload it again", {}),
    ("not a tar", gzip.compress(b"x" * 2000), "`{key}` is not a sound tar archive: ", PACK, {}),
    ("escapes", escaping(), "entry 1 of `{key}`, `../../etc/passwd`, cannot be unpacked: its path holds `..`", "pack with paths relative to the model", {}),
    ("no model", archive({"code/inference.py": b"x"}), "the model artifact holds no model file at its top level", "put `xgboost-model` into the root of model.tar.gz", {}),
    ("empty model", archive({"xgboost-model": b""}), "model file `xgboost-model` is empty", "put the model into it", {}),
    ("unknown format", archive({"xgboost-model": b"hello"}), NOT_A_MODEL, "", {}),
    ("cut model", archive({"xgboost-model": MODEL[:300]}), NOT_A_MODEL, "", {}),
    ("foreign pickle", archive({"xgboost-model": pickle.dumps({"a": 1})}), NOT_A_MODEL, "", {}),
    (
        "two kinds",
        archive({"xgboost-model-0": MODEL, "xgboost-model-1": leaf(1.0, ("x", "y"))}),
        "model files `xgboost-model-0` and `xgboost-model-1` can't answer together: ",
        "keep one of them, or set `SAGEMAKER_INFERENCE_ENSEMBLE` to `false`",
        {},
    ),
    (
        "bad setting",
        archive({"xgboost-model": MODEL}),
        "environment variable `MAX_CONTENT_LENGTH` is `lots`; use a number of bytes",
        "",
        {"Environment": {"MAX_CONTENT_LENGTH": "lots"}},
    ),
    (
        "bad accept",
        archive({"xgboost-model": MODEL}),
        "environment variable `SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT` is `image/png`; use one of",
        "",
        {"Environment": {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "image/png"}},
    ),
    ("other image", archive({"xgboost-model": MODEL}), f"image `{OTHER_IMAGE}` is not served", "", {"Image": OTHER_IMAGE}),
    ("wrong image", archive({"xgboost-model": MODEL}), "", "", {"Image": "1.dkr.ecr.us-east-1.amazonaws.com/object2vec:1"}),
]


def content(name: str, given: bytes | None) -> bytes | None:
    """The object at the key; one whose middle is damaged is made here."""
    if name != "damaged gzip":
        return given
    whole = bytearray(archive({"xgboost-model": MODEL}))
    whole[30:60] = b"\xff" * 30
    return bytes(whole)


@pytest.mark.parametrize(("name", "given", "begins", "ends", "container"), CASES, ids=[case[0] for case in CASES])
def test_the_reason_says_what_where_and_what_to_do(sm, deploy, fresh, name, given, begins, ends, container):
    endpoint = fresh("reason")
    key = f"{endpoint}.tar.gz"
    url = deploy.upload(f"{endpoint}-bucket-is-there", b"") and f"s3://models/{key}"
    if (body := content(name, given)) is not None:
        deploy.upload(key, body)
    primary = {"Image": IMAGE, "ModelDataUrl": url, **container}
    sm.create_model(ModelName=endpoint, PrimaryContainer=primary, ExecutionRoleArn=ROLE)
    reason = failed(sm, deploy, endpoint)
    assert reason.startswith(START + begins.format(key=key, url=url)), reason
    assert reason.endswith(ends), reason
    assert len(reason) <= 1024 and not reason.endswith("."), reason


def test_a_bucket_that_is_not_there_is_named(sm, deploy, fresh):
    endpoint = fresh("reason")
    primary = {"Image": IMAGE, "ModelDataUrl": "s3://never-made/m.tar.gz"}
    sm.create_model(ModelName=endpoint, PrimaryContainer=primary, ExecutionRoleArn=ROLE)
    assert failed(sm, deploy, endpoint) == (
        f"{START}there is no bucket `never-made`, where `s3://never-made/m.tar.gz` should be; "
        "create it and upload the artifact, then create the endpoint again"
    )


def failed(sm, deploy, model: str) -> str:
    """Why an endpoint of the model fails."""
    deploy.config(model, {"AllTraffic": (model, 1.0)})
    deploy.endpoint(model, model, wait=False)
    with pytest.raises(WaiterError, match="Failed"):
        deploy.wait_in_service(model)
    return sm.describe_endpoint(EndpointName=model)["FailureReason"]
