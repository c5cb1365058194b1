"""The forest cover model over HTTP: XGBoost's own answers, in every form a client may ask in."""

import csv
import json
import random

import pytest

from conftest import EXAMPLES

COVTYPE = EXAMPLES / "covtype"
# XGBoost adds up 32-bit floats; another order of the same sum moves the last digits.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def endpoint(deploy):
    return deploy("covtype", COVTYPE / "model")


@pytest.fixture(scope="module")
def records() -> list[dict]:
    return json.loads((COVTYPE / "payload.json").read_text())


@pytest.fixture(scope="module")
def expected() -> list[list[float]]:
    predictions = json.loads((COVTYPE / "expected.json").read_text())["predictions"]
    return [prediction["score"] for prediction in predictions]


@pytest.fixture
def ask(runtime, endpoint):
    """Invokes and returns the scores, one list per row."""

    def call(body: bytes, content_type: str, accept: str = "application/json"):
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType=content_type, Accept=accept, Body=body
        )
        raw = answer["Body"].read().decode()
        assert answer["ContentType"].split(";")[0] == accept
        if accept == "text/csv":
            return [[float(value) for value in row] for row in csv.reader(raw.splitlines())]
        if accept == "application/jsonlines":
            return [json.loads(line)["score"] for line in raw.splitlines()]
        return [prediction["score"] for prediction in json.loads(raw)["predictions"]]

    return call


def assert_same(scores, expected):
    assert len(scores) == len(expected)
    for number, (row, wanted) in enumerate(zip(scores, expected)):
        assert row == pytest.approx(wanted, abs=TOLERANCE), f"row {number}"


def as_json(records) -> bytes:
    return json.dumps(records).encode()


def test_the_golden_answers_are_probabilities(expected, records):
    assert len(expected) == len(records) >= 100
    assert all(len(row) == 7 and sum(row) == pytest.approx(1, abs=1e-4) for row in expected)


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/jsonlines"])
def test_csv(ask, expected, accept):
    body = (COVTYPE / "payload.csv").read_bytes()
    assert_same(ask(body, "text/csv", accept), expected)


def test_json(ask, expected):
    body = (COVTYPE / "payload.json").read_bytes()
    assert_same(ask(body, "application/json"), expected)


def test_a_content_type_with_parameters(ask, expected, records):
    assert_same(ask(as_json(records), "application/json; charset=utf-8"), expected)


def test_one_row_at_a_time(ask, expected, records):
    for number in range(0, len(records), 20):
        assert_same(ask(as_json([records[number]]), "application/json"), [expected[number]])


def test_columns_in_any_order(ask, expected, records):
    shuffler = random.Random(7)
    shuffled = []
    for record in records:
        names = list(record)
        shuffler.shuffle(names)
        shuffled.append({name: record[name] for name in names})
    assert_same(ask(as_json(shuffled), "application/json"), expected)


def test_the_target_and_strangers_are_ignored(ask, expected, records):
    wider = [{"Cover_Type": 3, **record, "observed_at": "2026-01-01"} for record in records]
    assert_same(ask(as_json(wider), "application/json"), expected)


def test_whole_numbers_and_fractions_are_alike(ask, expected, records):
    floats = [{name: float(value) for name, value in record.items()} for record in records]
    assert_same(ask(as_json(floats), "application/json"), expected)


@pytest.mark.parametrize("missing", ["Elevation", "Soil_Type40"])
def test_a_missing_column_is_named(runtime, endpoint, records, refused, missing):
    record = {name: value for name, value in records[0].items() if name != missing}
    error = refused(
        runtime.invoke_endpoint,
        EndpointName=endpoint,
        ContentType="application/json",
        Body=as_json([record]),
    )
    assert (error.status, error.code) == (424, "ModelError")
    assert missing in error.body["OriginalMessage"]
    assert 400 <= error.body["OriginalStatusCode"] < 500


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"1,2,3\n"),
        ("text/csv", b",".join([b"1"] * 55) + b"\n"),
        ("application/json", b'[{"Elevation": "high"}]'),
        ("application/json", b"[1, 2"),
        ("application/json", b'"text"'),
    ],
)
def test_what_is_no_record_of_the_model_is_refused(runtime, endpoint, refused, content_type, body):
    error = refused(
        runtime.invoke_endpoint, EndpointName=endpoint, ContentType=content_type, Body=body
    )
    assert (error.status, error.code) == (424, "ModelError")
    assert 400 <= error.body["OriginalStatusCode"] < 500
    assert error.body["OriginalMessage"]
