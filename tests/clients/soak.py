"""A steady mixed load on one server, and what the server's process looked like meanwhile.

A beat is a handful of everything: invocations in two formats, the control plane once round, an
object's life, the endpoint's log, and connections that end in every way. Nothing here judges.
"""

import contextlib
import http.client
import os
import re
import socket
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from artifacts import leaf
from server import Server

INVOCATIONS_PER_BEAT = 20
# So many connections reach every listener, and so many calls of each fill its records of the last
# calls, of those that were answered and of those that failed.
FILLING_CONNECTIONS = 24
FILLING_CALLS = 100
# What the calls above make a log store of this bound lose lines.
LOG_BYTES_MAX = 256 << 10
PAGE = os.sysconf("SC_PAGE_SIZE")
# Lists, tags and logs are read a page at a time.
PAGE_SIZE = 10


@dataclass(frozen=True)
class Sample:
    """The process after a beat."""

    seconds: float
    rss_bytes: int
    descriptors: int
    threads: int
    data_bytes: int
    calls: int


class Soak:
    """The load, beat by beat. Any answer but the expected one ends it."""

    def __init__(self, server: Server, deployer):
        self.server = server
        self.deployer = deployer
        self.sm, self.s3 = deployer.sm, deployer.s3
        self.runtime = server.client("sagemaker-runtime")
        self.logs = server.client("logs")
        self.samples: list[Sample] = []
        self.calls = 0
        self._beats = 0
        self.started = time.monotonic()
        deployer("steady", {"xgboost-model": leaf(1.0)})

    def beat(self) -> None:
        """Everything once."""
        self._beats += 1
        for number in range(INVOCATIONS_PER_BEAT):
            self._invoke("steady", number)
        self._control_plane(f"beat-{self._beats}")
        self._objects(f"{self._beats % 100}/object")
        self._observe("steady")
        self._connections()

    def fill(self) -> None:
        """Fills what is bounded and fills slowly, so that it isn't taken for a leak: the records of
        the last calls, and the log store."""
        for _ in range(FILLING_CONNECTIONS):
            runtime = self.server.client("sagemaker-runtime")
            for _ in range(FILLING_CALLS):
                runtime.invoke_endpoint(EndpointName="steady", ContentType="text/csv", Body=b"1\n")
                with contextlib.suppress(runtime.exceptions.ModelError):
                    runtime.invoke_endpoint(EndpointName="steady", ContentType="text/html", Body=b"1\n")
                # Answered by other threads than the models', which have records of their own.
                with contextlib.suppress(ClientError):
                    self.sm.describe_endpoint(EndpointName="missing")
            runtime.close()
        metrics = urllib.request.urlopen(f"{self.server.api}/_clary/metrics").read().decode()
        lost = re.search(r"^clary_log_events_dropped_total (\d+)$", metrics, re.MULTILINE)
        assert int(lost[1]) > 0, "the log store is not full"

    def sample(self) -> Sample:
        """Looks at the process."""
        process = Path("/proc") / str(self.server.process.pid)
        sizes = (process / "statm").read_text().split()
        files = (path for path in self.server.data_dir.rglob("*") if path.is_file())
        now = Sample(
            seconds=time.monotonic() - self.started,
            rss_bytes=int(sizes[1]) * PAGE,
            descriptors=len(list((process / "fd").iterdir())),
            threads=len(list((process / "task").iterdir())),
            data_bytes=sum(path.stat().st_size for path in files),
            calls=self.calls,
        )
        self.samples.append(now)
        return now

    def report(self) -> dict:
        """All samples and the slope of each thing over the hours, for a program to read."""
        measured = [name for name in asdict(self.samples[0]) if name != "seconds"]
        slopes = {name: slope(self.samples, name) for name in measured}
        return {"per_hour": slopes, "samples": [asdict(sample) for sample in self.samples]}

    def _invoke(self, endpoint: str, number: int) -> None:
        kind, body = [("text/csv", b"1\n2\n"), ("application/json", b"[[1], [2]]")][number % 2]
        accept = ["text/csv", "application/json"][number // 2 % 2]
        answer = self.runtime.invoke_endpoint(
            EndpointName=endpoint, ContentType=kind, Accept=accept, Body=body
        )
        assert answer["Body"].read().count(b"1.0") == 2
        self.calls += 1

    def _control_plane(self, name: str) -> None:
        """An endpoint's life, updated once, with everything that it needs."""
        self.deployer(name, {"xgboost-model": leaf(1.0)})
        second = self.deployer.config(f"{name}-next", {"AllTraffic": (name, 2.0)})
        self.sm.update_endpoint(EndpointName=name, EndpointConfigName=second)
        self.deployer.wait_in_service(name)
        self._invoke(name, 0)
        self.sm.delete_endpoint(EndpointName=name)
        self.deployer.wait_deleted(name)
        for config in (name, second):
            self.sm.delete_endpoint_config(EndpointConfigName=config)
        self.sm.delete_model(ModelName=name)
        self.s3.delete_object(Bucket="models", Key=f"{name}/model.tar.gz")
        self.calls += 15

    def _objects(self, key: str) -> None:
        body = os.urandom(100_000)
        self.s3.put_object(Bucket="models", Key=key, Body=body)
        assert self.s3.get_object(Bucket="models", Key=key)["Body"].read() == body
        self.s3.list_objects_v2(Bucket="models", MaxKeys=PAGE_SIZE)
        self.s3.delete_object(Bucket="models", Key=key)
        upload = self.s3.create_multipart_upload(Bucket="models", Key=key)["UploadId"]
        part = {"Bucket": "models", "Key": key, "UploadId": upload}
        self.s3.upload_part(PartNumber=1, Body=body, **part)
        self.s3.abort_multipart_upload(**part)
        self.calls += 7

    def _observe(self, endpoint: str) -> None:
        self.sm.describe_endpoint(EndpointName=endpoint)
        self.sm.list_endpoints(MaxResults=PAGE_SIZE)
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self.logs.describe_log_streams(logGroupName=group, limit=PAGE_SIZE)
        self.calls += 3

    def _connections(self) -> None:
        """One that says nothing, one cut off in its head, one in its body, one refused."""
        address = urlsplit(self.server.api)
        body_to_come = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf"
        for said in (b"", b"POST / HT", body_to_come):
            with socket.create_connection((address.hostname, address.port), timeout=10) as raw:
                raw.sendall(said)
        refused = http.client.HTTPConnection(address.netloc, timeout=10)
        refused.request("POST", "/endpoints/steady/invocations", body=b"1\n")
        assert refused.getresponse().status == 403
        refused.close()
        self.calls += 1


def slope(samples: list[Sample], member: str) -> float:
    """The straight line through a member of the samples: its change per hour."""
    times = [sample.seconds / 3600 for sample in samples]
    values = [getattr(sample, member) for sample in samples]
    mean_time, mean_value = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - mean_time) ** 2 for time in times)
    pairs = zip(times, values, strict=True)
    return sum((time - mean_time) * (value - mean_value) for time, value in pairs) / spread
