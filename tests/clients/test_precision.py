"""LightGBM's models over an endpoint and at a shell: answers within 1e-12 of LightGBM's own.

Models, rows and answers are goldens of `crates/trees`, made with the release of LightGBM that its
`tests/fixtures/generate_lightgbm.py` names. Of the rows called astray each has a value on a threshold
of the model or right behind it: two numbers that are one in 32 bits, and go different ways.
"""

import io
import json
from pathlib import Path

import numpy
import pytest

from test_formats import of_array, of_csv, of_json, of_json_lines
from test_predict import clary

GOLDENS = Path(__file__).resolve().parents[2] / "crates/trees/tests/fixtures/lightgbm"
NAMES = ["astray", "astray-linear", "missing-nan"]
FORMATS = {
    "text/csv": lambda rows: lines(rows, ",".join),
    "application/json": lambda rows: json.dumps(listed(rows)).encode(),
    "application/jsonlines": lambda rows: "\n".join(map(json.dumps, listed(rows))).encode(),
    "application/x-npy": lambda rows: saved(rows),
    "text/libsvm": lambda rows: lines(rows, lambda cells: " ".join(f"{i}:{v}" for i, v in enumerate(cells))),
    "application/x-recordio-protobuf": lambda rows: recorded(rows),
}
OUTPUTS = {
    "text/csv": of_csv,
    "application/json": of_json,
    "application/jsonlines": of_json_lines,
    "application/x-npy": of_array,
    "application/x-recordio-protobuf": lambda body: of_wide_records(body),
}


def numbers(bits: list[int]) -> numpy.ndarray:
    return numpy.array(bits, numpy.uint64).view(numpy.float64)


def golden(name: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Rows that all formats can hold, and what LightGBM answers to them."""
    told = json.loads((GOLDENS / f"{name}.json").read_text())
    rows = numbers(told["rows"]).reshape(-1, len(told["feature_names"]))
    finite = ~numpy.isinf(rows).any(axis=1)
    return rows[finite], numbers(told["predictions"])[finite]


def lines(rows, line) -> bytes:
    """Python prints the fewest digits that read back as the same number."""
    return "\n".join(line([repr(float(value)) for value in row]) for row in rows).encode()


def listed(rows) -> list[list]:
    return [[None if numpy.isnan(value) else float(value) for value in row] for row in rows]


def saved(rows) -> bytes:
    body = io.BytesIO()
    numpy.save(body, rows)
    return body.getvalue()


def recorded(rows) -> bytes:
    from sagemaker.amazon.common import write_numpy_to_dense_tensor

    body = io.BytesIO()
    write_numpy_to_dense_tensor(body, rows)
    return body.getvalue()


def of_wide_records(body: bytes) -> list[float]:
    from sagemaker.amazon.common import read_records

    return [list(record.label["score"].float64_tensor.values)[0] for record in read_records(io.BytesIO(body))]


def assert_close(found, expected) -> None:
    assert numpy.abs(numpy.array(found) - expected).max() <= 1e-12


@pytest.fixture(scope="module")
def endpoints(deploy):
    """An endpoint for each model."""
    made = {}
    for name in NAMES:
        text = (GOLDENS / f"{name}.model.txt").read_bytes()
        made[name] = deploy(f"precision-{name}", {"xgboost-model": text})
    return made


def test_the_rows_differ_in_64_bits_only():
    rows, answers = golden("astray")
    narrow = rows.astype(numpy.float32)
    assert (narrow[::2] == narrow[1::2]).all() and (rows[::2] != rows[1::2]).any(axis=1).all()
    assert (answers[::2] != answers[1::2]).sum() > 10


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_an_endpoint_answers_as_lightgbm_does(runtime, endpoints, name, content_type):
    rows, expected = golden(name)
    answer = runtime.invoke_endpoint(
        EndpointName=endpoints[name], ContentType=content_type, Body=FORMATS[content_type](rows)
    )
    assert_close(of_csv(answer["Body"].read()), expected)


@pytest.mark.parametrize("accept", OUTPUTS)
def test_no_format_of_answers_rounds_them(runtime, endpoints, accept):
    rows, expected = golden("astray-linear")
    answer = runtime.invoke_endpoint(
        EndpointName=endpoints["astray-linear"],
        ContentType="text/csv",
        Accept=accept,
        Body=FORMATS["text/csv"](rows),
    )
    assert_close(OUTPUTS[accept](answer["Body"].read()), expected)


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [
        ("text/csv", "csv"),
        ("application/json", "json"),
        ("application/jsonlines", "jsonl"),
        ("application/x-npy", "npy"),
        ("text/libsvm", "libsvm"),
        ("application/x-recordio-protobuf", "recordio"),
    ],
)
def test_predict_answers_as_lightgbm_does_and_guesses_the_format(tmp_path, content_type, ending):
    rows, expected = golden("astray")
    file = tmp_path / f"rows.{ending}"
    file.write_bytes(FORMATS[content_type](rows))
    model = str(GOLDENS / "astray.model.txt")
    assert_close([float(line) for line in clary("predict", model, str(file)).splitlines()], expected)
    told = json.loads(clary("predict", model, str(file), "--json", "--margin"))
    assert_close([record["margin"] for record in told], expected)


def test_contributions_and_interactions_are_of_the_same_rows(tmp_path):
    rows, expected = golden("astray")
    file = tmp_path / "rows.npy"
    file.write_bytes(saved(rows[:6]))
    model = str(GOLDENS / "astray.model.txt")
    contributions = json.loads(clary("predict", model, str(file), "--shap", "--json"))
    shares = [{name: share for name, share in row.items() if name != "row"} for row in contributions]
    assert_close([sum(row.values()) for row in shares], expected[:6])
    interactions = json.loads(clary("predict", model, str(file), "--interactions", "--json"))
    for cells in interactions:
        row, feature = int(cells.pop("row")), cells.pop("feature")
        assert sum(cells.values()) == pytest.approx(shares[row][feature], abs=1e-10)
    assert len(interactions) == 6 * len(shares[0])
