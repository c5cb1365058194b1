"""What `cargo xtask dist` has a build learn from: the calls go through, and are those it says.

A build takes most of an hour, so that only the calls are tried here.
"""

import re
import subprocess
import sys

from conftest import EXAMPLES
from rest_apis import send

TRAINING = EXAMPLES.parent / "bench/training.py"
CALLS = 2000


def test_the_calls_that_a_build_learns_from_are_answered(start_server, deploy_to):
    server = start_server("--threads", "1")
    deploy_to(server)("covtype", EXAMPLES / "covtype/model")
    printed = run(server, EXAMPLES / "movie-ratings/deploy.py")
    rest_api = printed.removeprefix("REST API ").split(",")[0]
    urls = ["--url", server.api, "--gateway", server.gateway]
    run(server, TRAINING, *urls, "--rest-api", rest_api, "--calls", str(CALLS))
    assert invocations(server) >= CALLS * 0.5


def run(server, script, *arguments: str) -> str:
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=server.environment(), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def invocations(server) -> float:
    """How many calls the server says that its endpoints answered."""
    text = send(server.api, "GET", "/_clary/metrics", b"", {}).text
    return sum(map(float, re.findall(r"^clary_invocations_total\{.*\} (\S+)$", text, re.MULTILINE)))
