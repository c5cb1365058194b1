"""A clary server as a child process: start, stop, restart, kill, and clients that talk to it.

Nothing here knows what is tested. A server binds port 0, says where it listens on its ready line,
and keeps its data in a directory that the caller gives it.
"""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
KEY_ID = "AKIDCLIENTSCENARIOS0"
SECRET = "not-a-secret-only-for-client-scenarios-00"

READY = re.compile(r"^clary ready api=(?P<api>https?://\S+) gateway=(?P<gateway>https?://\S+)$")
START_SECONDS = 20
STOP_SECONDS = 15

# A scenario that fails must say so at once: no retries, short timeouts.
CLIENT_CONFIG = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=2,
    read_timeout=30,
    max_pool_connections=16,
    s3={"addressing_style": "path"},
)


def binary() -> str:
    """The clary to test, named by CLARY_BIN."""
    path = os.environ.get("CLARY_BIN")
    if not path or not Path(path).is_file():
        raise RuntimeError("CLARY_BIN must name the built binary; use `cargo xtask test clients`")
    return path


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment without any AWS or clary settings, plus our credentials."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CLARY_"))}
    kept.update(
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE="/dev/null",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        CLARY_ROOT_ACCESS_KEY_ID=KEY_ID,
        CLARY_ROOT_SECRET_ACCESS_KEY=SECRET,
        RUST_BACKTRACE="1",
    )
    return kept | extra


class Server:
    """One server and the data directory that outlives its restarts."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        ephemeral: bool = False,
        wrap: Sequence[str] = (),
    ):
        self.data_dir = data_dir
        self.api = ""
        self.gateway = ""
        self.process: subprocess.Popen | None = None
        self._log = data_dir.with_name(data_dir.name + ".stderr")
        self._wrap = wrap
        self._arguments = [*(["--ephemeral"] if ephemeral else []), *arguments]

    def start(self) -> "Server":
        """Starts the process and waits for its ready line."""
        self.process = self.spawn()
        line = self._first_line()
        ready = READY.match(line.rstrip("\n"))
        if not ready:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no ready line but {line!r}; stderr:\n{self.stderr()}")
        self.api, self.gateway = ready["api"], ready["gateway"]
        return self

    def spawn(self) -> subprocess.Popen:
        """Starts a process and does not wait for it."""
        command = [*self._wrap, binary(), "serve", "--data-dir", str(self.data_dir)]
        for flag in ("--api", "--gateway"):
            if flag not in self._arguments:
                command += [flag, "127.0.0.1:0"]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command + self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                text=True,
                # SIGXFSZ stays ignored: a file that may not grow is an error, not the end.
                restore_signals=False,
            )

    def stop(self) -> None:
        """Asks the server to end; it must drain and exit 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        assert status == 0, f"exit status {status} after SIGTERM; stderr:\n{self.stderr()}"

    def kill9(self) -> None:
        """Ends the server as a power cut would."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> "Server":
        """Stops and starts again on the same data, on new ports."""
        self.stop()
        return self.start()

    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def stderr(self) -> str:
        """All that the server logged so far, over all its restarts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def close(self) -> None:
        """Ends the server if it still runs, whatever state it is in."""
        if self.running():
            self.kill9()
        if self.process is not None:
            self.process.stdout.close()

    def assert_healthy(self) -> None:
        """Fails when the server is gone or one of its threads panicked."""
        assert self.running(), f"the server died; stderr:\n{self.stderr()}"
        assert "panicked at" not in self.stderr(), f"a panic; stderr:\n{self.stderr()}"

    def environment(self, **extra: str) -> dict[str, str]:
        """What a program has to find that calls this server as AWS."""
        return environment(
            AWS_ENDPOINT_URL=self.api,
            AWS_ACCESS_KEY_ID=KEY_ID,
            AWS_SECRET_ACCESS_KEY=SECRET,
            AWS_DEFAULT_REGION=REGION,
            **extra,
        )

    def client(self, service: str, key_id: str = KEY_ID, secret: str = SECRET, **config):
        """A boto3 client of this server."""
        return boto3.session.Session().client(
            service,
            endpoint_url=self.api,
            region_name=REGION,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=CLIENT_CONFIG.merge(Config(**config)),
        )

    def _first_line(self) -> str:
        stdout = self.process.stdout
        readable, _, _ = select.select([stdout], [], [], START_SECONDS)
        return stdout.readline() if readable else ""


def kill_seed() -> int:
    """What the moments of kills are drawn from: new in every run, or CLARY_KILL_SEED. It is printed,
    which pytest shows when the scenario fails."""
    seed = int(os.environ.get("CLARY_KILL_SEED", time.time_ns() % 1_000_000))
    print(f"CLARY_KILL_SEED={seed}")
    return seed


def eventually(probe, seconds: float = 10.0):
    """Calls `probe` until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        if found := probe():
            return found
        assert time.monotonic() < deadline, f"nothing true from the probe within {seconds} s"
        time.sleep(0.02)
