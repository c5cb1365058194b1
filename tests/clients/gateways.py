"""Fixtures of the scenarios that call deployed REST APIs: a server, a backend, an API to build.

A module that wants them imports them by name; each has a server of its own.
"""

import json
import socket
import subprocess

import pytest

from rest_apis import Api, Backend
from server import Server, binary, environment

ROLE = "arn:aws:iam::000000000000:role/gateway"


@pytest.fixture(scope="module")
def backend():
    """An HTTP server on this machine that shows what it was sent."""
    shared = Backend()
    yield shared
    shared.close()


@pytest.fixture(scope="module")
def closed():
    """An address on this machine where nobody listens, nor will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % bound.getsockname()[1]


@pytest.fixture(scope="module")
def gateway_server(tmp_path_factory, backend, closed):
    """A server whose integrations may reach these two, and nothing else on this machine."""
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "clary.toml"
    config.write_text(f'http-hosts = ["*", "{backend.address}", "{closed}"]\n')
    server = Server(folder / "data", "--config", str(config), ephemeral=True).start()
    yield server
    server.assert_healthy()
    server.close()


@pytest.fixture
def api(gateway_server):
    """An API without a method."""
    return Api(gateway_server)


def refusal(called):
    """What a caller learns from a refused call."""
    return called.status, called.headers.get("x-amzn-errortype"), called.json()


def clary(server, *arguments: str):
    """Runs a command against the server's API."""
    command = [binary(), *arguments, "--endpoint-url", server.api]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=20, check=False)


def why(server, *arguments: str) -> dict:
    """What `clary why` tells of a request, or of the last ones."""
    done = clary(server, "why", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
