"""`clary predict` and `clary model inspect`: a model file at a shell, without a server."""

import json
import subprocess

import pytest

from conftest import EXAMPLES
from server import binary, environment

MODEL = str(EXAMPLES / "covtype" / "model" / "xgboost-model")
ROWS = str(EXAMPLES / "covtype" / "payload.csv")


def clary(*arguments: str, stdin: str = "", fails: int = 0) -> str:
    command = [binary(), *arguments]
    done = subprocess.run(
        command, env=environment(), input=stdin.encode(), capture_output=True, timeout=60
    )
    said = f"exit status {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    assert done.returncode == fails, said
    assert "panicked" not in said
    return (done.stderr if fails else done.stdout).decode()


def rows(text: str) -> list[list[float]]:
    return [[float(cell) for cell in line.split(",")] for line in text.splitlines()]


def test_answers_of_one_model_agree_with_each_other():
    probabilities = rows(clary("predict", MODEL, ROWS))
    margins = rows(clary("predict", MODEL, ROWS, "--margin"))
    labels = rows(clary("predict", MODEL, ROWS, "--label"))
    assert len(probabilities) == len(margins) == len(labels) > 1
    for shares, scores, (label,) in zip(probabilities, margins, labels, strict=True):
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert shares.index(max(shares)) == scores.index(max(scores)) == label
    leaves = rows(clary("predict", MODEL, ROWS, "--leaves"))
    inspected = json.loads(clary("model", "inspect", MODEL, "--json"))
    assert {len(row) for row in leaves} == {inspected["trees"]}


def test_contributions_add_up_to_the_margins():
    margins = rows(clary("predict", MODEL, ROWS, "--margin"))
    explained = json.loads(clary("predict", MODEL, ROWS, "--shap", "--json"))
    assert len(explained) == len(margins) * len(margins[0])
    for line in explained:
        row, group = int(line.pop("row")), int(line.pop("class"))
        assert sum(line.values()) == pytest.approx(margins[row][group], abs=1e-4)


def test_rows_come_from_stdin_too():
    first = open(ROWS).readline()
    whole = clary("predict", MODEL, ROWS).splitlines()
    assert clary("predict", MODEL, stdin=first).splitlines() == whole[:1]
    (record,) = json.loads(clary("predict", MODEL, "-", "--json", stdin=first))
    assert len(record["prediction"]) == 7


def test_a_model_file_is_shown_with_its_importance():
    text = clary("model", "inspect", MODEL)
    for words in ["UBJSON", "multi:softprob", "350 in 50 iterations", "importance by gain", "█"]:
        assert words in text
    found = json.loads(clary("model", "inspect", MODEL, "--json"))
    assert found["trees"] == 350 and found["depth_max"] == 5 and found["feature_count"] == 54
    assert sum(feature["weight"] for feature in found["features"]) == found["splits"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "words"),
    [
        (["predict", "/nowhere", ROWS], "", 1, "`/nowhere` can't be read"),
        (["predict", ROWS, ROWS], "", 1, "is not a model that clary reads"),
        (["predict", MODEL, "-"], "1,2,3\n", 1, "54"),
        (["predict", MODEL, ROWS, "--shap", "--leaves"], "", 2, "cannot be used with"),
        (["predict", MODEL, "-", "--format", "libsvm"], "1 99:0.5\n", 1, "can't be read"),
        (["model", "inspect", "/tmp"], "", 2, "name the model file in it"),
    ],
)
def test_what_is_wrong_is_said(arguments, stdin, status, words):
    assert words in clary(*arguments, stdin=stdin, fails=status)
