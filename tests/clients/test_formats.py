"""Abalone rows in every format in, XGBoost's answers in every format out, with real clients.

The rows, the model and what XGBoost 3.2.0 answers are the fixtures of `crates/engines`, whose README
tells where they come from. Rules on types and empty bodies are those of SageMaker's XGBoost container.
"""

import io
import json
from pathlib import Path

import boto3
import numpy
import pytest

from artifacts import leaf
from conftest import EXAMPLES
from server import KEY_ID, REGION, SECRET
from signed import Request

ABALONE = Path(__file__).resolve().parents[2] / "crates/engines/tests/fixtures/abalone"
EXPECTED = numpy.array(json.loads((ABALONE / "expected.json").read_text()), numpy.float32)
# XGBoost adds up 32-bit floats; another order of the same sum moves the last digits.
TOLERANCE = 1e-5
LISTED = ["text/csv", "application/json", "application/jsonlines", "application/x-recordio-protobuf"]

INPUTS = [
    ("text/libsvm", "rows.libsvm"),
    ("text/x-libsvm; charset=utf-8", "rows.libsvm"),
    ("libsvm", "rows.libsvm"),
    ("text/csv", "rows.csv"),
    ("csv", "rows.csv"),
    ("text/csv; label_size=1", "rows.csv"),
    ("TEXT/CSV;charset=UTF-8", "rows.csv"),
    ("application/json", "rows.json"),
    ("application/json; charset=utf-8", "rows.json"),
    ("application/jsonlines", "rows.jsonl"),
    ("application/x-npy", "rows.npy"),
    ("application/x-recordio-protobuf", "rows-dense.pbr"),
    ("application/x-recordio-protobuf", "rows-sparse.pbr"),
    ("recordio-protobuf", "rows-sparse.pbr"),
]


def of_csv(body: bytes):
    """A score per line, and an end to the last one."""
    assert body.endswith(b"\n")
    return [float(line) for line in body.splitlines()]


def of_json(body: bytes):
    """The container's `predictions`."""
    return [row["score"] for row in json.loads(body)["predictions"]]


def of_json_lines(body: bytes):
    """An object per line."""
    return [json.loads(line)["score"] for line in body.splitlines()]


def of_array(body: bytes):
    """What NumPy loads."""
    return numpy.load(io.BytesIO(body), allow_pickle=False)


def of_records(body: bytes):
    """The label `score` of every record, as the SDK reads them."""
    from sagemaker.amazon.common import read_records

    return [list(record.label["score"].float32_tensor.values)[0] for record in read_records(io.BytesIO(body))]


OUTPUTS = {
    "text/csv": of_csv,
    "application/json": of_json,
    "application/jsonlines": of_json_lines,
    "application/x-npy": of_array,
    "application/x-recordio-protobuf": of_records,
}


@pytest.fixture(autouse=True)
def quiet_sdk(monkeypatch):
    """Takes the SDK's word on its own age as read."""
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")


def rows(name: str) -> bytes:
    """The rows in one format."""
    return (ABALONE / name).read_bytes()


@pytest.fixture(scope="module")
def endpoint(deploy):
    """The container's own test model, an abalone regression."""
    return deploy("abalone", ABALONE / "model")


@pytest.fixture
def ask(runtime, endpoint):
    """Invokes the endpoint and returns the answer's type without parameters, and its body."""

    def ask(body: bytes, **members) -> tuple[str, bytes]:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **members)
        return answer["ContentType"].split(";")[0], answer["Body"].read()

    return ask


@pytest.mark.parametrize(("content_type", "name"), INPUTS)
@pytest.mark.parametrize("accept", OUTPUTS)
def test_every_format_in_and_out_is_xgboost_s_answer(ask, content_type, name, accept):
    kind, body = ask(rows(name), ContentType=content_type, Accept=accept)
    assert kind == accept
    assert numpy.array_equal(numpy.array(OUTPUTS[accept](body), numpy.float32), EXPECTED)


@pytest.fixture(scope="module")
def covtype():
    """Records of a model whose columns have names, and XGBoost's answers to them."""
    import pandas

    frame = pandas.DataFrame(json.loads((EXAMPLES / "covtype/payload.json").read_text()))
    predictions = json.loads((EXAMPLES / "covtype/expected.json").read_text())["predictions"]
    return frame, numpy.array([row["score"] for row in predictions], numpy.float32)


@pytest.mark.parametrize("form", ["csv", "split", "records", "lines"])
def test_named_columns_come_in_any_order_in_every_form_of_pandas(deploy, fresh, runtime, covtype, form):
    frame, expected = covtype
    turned = frame[frame.columns[::-1]]
    content_type, body = {
        "csv": lambda: ("text/csv", turned.to_csv(index=False)),
        "split": lambda: ("application/json", turned.to_json(orient="split")),
        "records": lambda: ("application/json", turned.to_json(orient="records")),
        "lines": lambda: ("application/jsonlines", turned.to_json(orient="records", lines=True)),
    }[form]()
    name = deploy(fresh("named"), EXAMPLES / "covtype/model")
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType=content_type, Body=body.encode())
    scores = numpy.genfromtxt(answer["Body"].read().splitlines(), delimiter=",")
    numpy.testing.assert_allclose(scores, expected, atol=TOLERANCE)


@pytest.mark.parametrize("named", [{}, {"Accept": "*/*"}, {"Accept": "text/csv"}])
def test_csv_is_what_is_answered_unless_told_otherwise(ask, named):
    kind, body = ask(rows("rows.csv"), ContentType="text/csv", **named)
    assert (kind, len(of_csv(body))) == ("text/csv", len(EXPECTED))


def test_a_body_without_a_content_type_is_libsvm(server, endpoint):
    call = Request(f"/endpoints/{endpoint}/invocations", rows("rows.libsvm"), {})
    answer = call.signed(server.api).send(server.api)
    assert answer.status == 200
    assert numpy.array_equal(numpy.array(of_csv(answer.body), numpy.float32), EXPECTED)


@pytest.mark.parametrize(("content_type", "_"), INPUTS)
def test_an_empty_body_is_a_204_in_any_type(runtime, endpoint, content_type, _):
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=content_type, Body=b"")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert answer["Body"].read() == b""


def test_an_empty_body_is_a_204_whatever_else_is_wrong(runtime, endpoint):
    members = {"ContentType": "image/png", "Accept": "image/png", "Body": b""}
    answer = runtime.invoke_endpoint(EndpointName=endpoint, **members)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        ("image/png", b"\x89PNG", 415, ["`image/png`", "text/csv", "text/libsvm", "application/x-recordio-protobuf"]),
        ("application/x-parquet", b"PAR1", 415, ["`application/x-parquet`", "training"]),
        ("text/csv; label_size=0", rows("rows.csv"), 415, ["`label_size`"]),
        ("text/csv", b"1,2,x\n", 415, ["row 1"]),
        ("text/libsvm", b"1 1:x\n", 415, ["row 1", "`x`"]),
        ("application/json", b'{"instances": [', 415, []),
        ("application/jsonlines", b"[1, 2\n", 415, []),
        ("application/x-npy", b"\x93NUMPY\x01\x00", 415, []),
        ("application/x-recordio-protobuf", b"\x0a\x23\xd7\xce\xff\xff\xff\xff", 415, []),
        ("text/csv", b"1,2,3\n", 400, ["3", "8"]),
        ("application/json", b"[[1, 2, 3]]", 400, ["3", "8"]),
    ],
)
def test_what_can_t_be_read_is_the_container_s_status(runtime, endpoint, refused, content_type, body, status, said):
    error = refused(runtime.invoke_endpoint, EndpointName=endpoint, ContentType=content_type, Body=body)
    assert (error.status, error.code) == (424, "ModelError")
    assert error.body["OriginalStatusCode"] == status
    for words in said:
        assert words in error.body["OriginalMessage"]


@pytest.mark.parametrize("accept", ["image/png", "text/libsvm", "text/csv;q=0"])
def test_an_answer_that_can_t_be_had_is_a_406_that_lists_what_can(runtime, endpoint, refused, accept):
    members = {"EndpointName": endpoint, "ContentType": "text/csv", "Body": rows("rows.csv")}
    error = refused(runtime.invoke_endpoint, Accept=accept, **members)
    assert (error.status, error.body["OriginalStatusCode"]) == (424, 406)
    for name in LISTED:
        assert f"`{name}`" in error.body["OriginalMessage"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/png, application/json", "application/json"),
        ("application/jsonlines;q=0.5, text/csv", "application/jsonlines"),
        ("text/csv;q=0, application/*", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
    ],
)
def test_of_a_list_the_first_that_can_be_had_is_answered(ask, accept, kind):
    assert ask(rows("rows.csv"), ContentType="text/csv", Accept=accept)[0] == kind


@pytest.mark.parametrize("default", ["application/json", "application/jsonlines", "text/csv"])
def test_the_environment_says_what_is_answered_unless_told_otherwise(deploy, fresh, runtime, default):
    environment = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": default}
    name = deploy(fresh("accept"), {"xgboost-model": leaf(1.5)}, Environment=environment)
    for members in ({}, {"Accept": "*/*"}):
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n", **members)
        assert answer["ContentType"].split(";")[0] == default


@pytest.mark.parametrize(("ensemble", "score"), [({}, 2.0), ({"SAGEMAKER_INFERENCE_ENSEMBLE": "false"}, 1.0)])
def test_several_model_files_answer_with_their_mean(deploy, fresh, runtime, ensemble, score):
    files = {"xgboost-model-0": leaf(1.0), "xgboost-model-1": leaf(3.0)}
    name = deploy(fresh("ensemble"), files, Environment=ensemble)
    answer = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == score


def test_selected_content_is_answered_in_its_order(deploy, fresh, runtime):
    environment = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_score,probability"}
    name = deploy(fresh("selected"), {"xgboost-model": leaf(1.5)}, Environment=environment)
    call = {"EndpointName": name, "ContentType": "text/csv", "Body": b"1\n"}
    assert runtime.invoke_endpoint(**call)["Body"].read() == b"1.5,nan"
    answer = json.loads(runtime.invoke_endpoint(Accept="application/json", **call)["Body"].read())
    assert answer == {"predictions": [{"predicted_score": 1.5, "probability": None}]}


CONVERSATIONS = 8


def conversations():
    """Everything of the SDK's that writes rows, the rows, and something that reads the answer."""
    from sagemaker import deserializers, serializers

    table = numpy.genfromtxt(ABALONE / "rows.csv", delimiter=",", dtype=numpy.float32)
    lines = rows("rows.csv").decode()
    return [
        (serializers.CSVSerializer(), table, deserializers.CSVDeserializer()),
        (serializers.CSVSerializer(), lines, deserializers.StringDeserializer(accept="text/csv")),
        (serializers.JSONSerializer(), {"instances": table.tolist()}, deserializers.JSONDeserializer()),
        (serializers.JSONLinesSerializer(), table.tolist(), deserializers.JSONLinesDeserializer()),
        (serializers.LibSVMSerializer(), rows("rows.libsvm").decode(), deserializers.CSVDeserializer()),
        (serializers.NumpySerializer(), table, deserializers.NumpyDeserializer()),
        (serializers.RecordSerializer(), table, deserializers.RecordDeserializer()),
        (serializers.CSVSerializer(), table, deserializers.PandasDeserializer(accept="application/json")),
    ]


def scores(answer) -> list[float]:
    """What any deserialiser made of the answer."""
    if isinstance(answer, str):
        return of_csv(answer.encode())
    if isinstance(answer, dict):
        answer = answer["predictions"]
    if hasattr(answer, "columns"):
        answer = answer["predictions"].tolist()
    return [score(row) for row in answer]


def score(row) -> float:
    """One row's, out of a record, an object, a list or itself."""
    if hasattr(row, "label"):
        return row.label["score"].float32_tensor.values[0]
    if isinstance(row, dict):
        return row["score"]
    return float(row[0] if isinstance(row, list) else row)


@pytest.mark.parametrize("which", range(CONVERSATIONS))
def test_the_sdk_s_serializers(server, endpoint, which):
    import sagemaker
    from sagemaker.predictor import Predictor

    keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "region_name": REGION}
    opted_out = {"TelemetryOptOut": True}
    config = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": opted_out}}}
    session = sagemaker.Session(
        boto3.Session(**keys),
        sagemaker_client=server.client("sagemaker"),
        sagemaker_runtime_client=server.client("sagemaker-runtime"),
        default_bucket="models",
        sagemaker_config=config,
    )
    assert len(conversations()) == CONVERSATIONS
    serializer, data, deserializer = conversations()[which]
    answer = Predictor(endpoint, session, serializer, deserializer).predict(data)
    assert numpy.array_equal(numpy.array(scores(answer), numpy.float32), EXPECTED)
