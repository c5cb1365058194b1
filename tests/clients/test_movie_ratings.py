"""The movie example: its own script deploys model and REST API, and its templates map both ways."""

import json
import subprocess
import sys

import pytest

from conftest import EXAMPLES
from rest_apis import send
from server import REGION, binary

EXAMPLE = EXAMPLES / "movie-ratings"
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def api(server):
    """The id of the REST API that the example's script makes."""
    command = [sys.executable, str(EXAMPLE / "deploy.py")]
    names = server.environment()
    ran = subprocess.run(command, env=names, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()[2].rstrip(",")


@pytest.fixture
def get(server, api):
    """Asks the deployed API for a path below the stage."""

    def ask(path: str, by_host: bool = False):
        if by_host:
            host = {"Host": f"{api}.execute-api.{REGION}.amazonaws.com"}
            return send(server.gateway, "GET", f"/dev{path}", b"", host)
        return send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{path}", b"", {})

    return ask


def expected() -> dict[tuple[int, int], float]:
    example = json.loads((EXAMPLE / "expected.json").read_text())
    pairs = zip(example["instances"], example["predictions"])
    return {(i["in0"][0], i["in1"][0]): p["scores"][0] for i, p in pairs}


@pytest.mark.parametrize("by_host", [False, True])
@pytest.mark.parametrize("items", ["101,131,162", "101,131,162&", "131", "101,131,162&other=1"])
def test_ratings_are_the_trainers(get, items, by_host):
    answer = get(f"/predicted-ratings/321?items={items}", by_host)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    movies = [int(movie) for movie in items.split("&")[0].split(",")]
    wanted = [expected()[321, movie] for movie in movies]
    assert answer.json()["ratings"] == pytest.approx(wanted, abs=TOLERANCE)


def test_a_hundred_items_in_one_call(get):
    items = ",".join(str(movie) for movie in range(1, 101))
    ratings = get(f"/predicted-ratings/42?items={items}").json()["ratings"]
    assert len(ratings) == 100
    assert ratings[6] == pytest.approx(expected()[42, 7], abs=TOLERANCE)
    assert len(set(ratings)) > 90


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/predicted-ratings/321", 400, "Missing required request parameters: [items]"),
        ("/predicted-ratings/99999?items=1", 400, "token 99999 in `in0` is not in the vocabulary"),
        ("/predicted-ratings/321?items=1,x", 400, "the body can't be read"),
        ("/predicted-ratings/321?items=%22", 400, "the body can't be read"),
        ("/predicted-ratings?items=1", 403, "Missing Authentication Token"),
    ],
)
def test_what_is_wrong_is_said(get, path, status, part):
    answer = get(path)
    assert answer.status == status, answer.text
    assert part in answer.json()["message"]


def test_the_templates_can_be_tried_without_a_server():
    command = [binary(), "gateway", "test", str(EXAMPLE / "api/request.vtl")]
    command += ["--path", "user_id=321", "--query", "items=101,131"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ran.returncode == 0, ran.stderr
    wanted = [{"in0": [321], "in1": [101]}, {"in0": [321], "in1": [131]}]
    assert json.loads(ran.stdout) == {"instances": wanted}


def test_the_endpoint_behind_it_answers_for_itself(server, api):
    runtime = server.client("sagemaker-runtime")
    example = json.loads((EXAMPLE / "expected.json").read_text())
    reply = runtime.invoke_endpoint(
        EndpointName="movie-ratings",
        ContentType="application/json",
        Body=json.dumps({"instances": example["instances"]}),
    )
    scores = [each["scores"][0] for each in json.load(reply["Body"])["predictions"]]
    assert scores == pytest.approx(list(expected().values()), abs=TOLERANCE)
