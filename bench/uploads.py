"""One client's uploads at full tilt, against a running server, until it is told to stop.

Requests are signed before anything is sent, and bodies are written over and over from one buffer, so
that the client costs next to nothing and the server is what is busy. `KIND` is of `KINDS`. Once the
uploads flow, a line says so; when stdin closes, another tells how much was stored.
"""

import argparse
import hashlib
import json
import os
import socket
import sys
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

BUCKET = "uploads"
MIB = 1 << 20
# What is handed to the kernel at a time. A kernel that does not preempt itself would let whoever else
# has this core wait until all of a body is sent.
SLICE_BYTES = 64 * 1024
# A signature is good for a quarter of an hour.
SIGNED_ANEW_SECONDS = 300
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Kind:
    """What is uploaded, over how many connections."""

    body_bytes: int
    connections: int
    is_part: bool = False
    is_signed: bool = True


KINDS = {
    "large": Kind(64 * MIB, 8),
    "parts": Kind(8 * MIB, 16, is_part=True),
    "unsigned": Kind(64 * MIB, 8, is_signed=False),
    "small": Kind(1024, 32),
}


class KnownDigest(S3SigV4Auth):
    """Signs requests whose body's digest is known already."""

    def __init__(self, credentials, digest: str):
        super().__init__(credentials, "s3", "us-east-1")
        self.digest = digest

    def payload(self, request):
        """The digest, instead of that of the body, which is sent apart."""
        return self.digest


class Uploader:
    """The requests of one kind, and what came of them."""

    def __init__(self, url: str, kind: Kind):
        self.url, self.kind = url, kind
        session = boto3.Session(region_name="us-east-1")
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        self.s3 = session.client("s3", endpoint_url=url, config=config)
        self.credentials = session.get_credentials()
        self.body = os.urandom(kind.body_bytes)
        whole = memoryview(self.body)
        self.slices = [whole[at : at + SLICE_BYTES] for at in range(0, len(whole), SLICE_BYTES)]
        self.digest = hashlib.sha256(self.body).hexdigest() if kind.is_signed else "UNSIGNED-PAYLOAD"
        self.over = threading.Event()
        self.flowing = threading.Barrier(kind.connections + 1)
        self.uploads = [0] * kind.connections

    def head(self, number: int, query: str) -> bytes:
        """The signed head of an upload to the connection's own key."""
        url = f"{self.url}/{BUCKET}/upload-{number}{query}"
        request = AWSRequest("PUT", url, headers={"content-length": str(len(self.body))})
        KnownDigest(self.credentials, self.digest).add_auth(request)
        place = urlsplit(url)
        lines = [f"PUT {place.path}{query} HTTP/1.1", f"host: {place.netloc}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()

    def query(self, number: int) -> str:
        """Which part of which upload it is; nothing for a whole object."""
        if not self.kind.is_part:
            return ""
        made = self.s3.create_multipart_upload(Bucket=BUCKET, Key=f"upload-{number}")
        return f"?partNumber=1&uploadId={made['UploadId']}"

    def send(self, number: int) -> None:
        """Uploads again and again over one connection."""
        query, signed_at = self.query(number), float("-inf")
        place = urlsplit(self.url)
        with socket.create_connection((place.hostname, place.port), TIMEOUT_SECONDS) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = connection.makefile("rb")
            self.flowing.wait()
            while not self.over.is_set():
                if time.monotonic() - signed_at > SIGNED_ANEW_SECONDS:
                    head, signed_at = self.head(number, query), time.monotonic()
                connection.sendall(head)
                for piece in self.slices:
                    connection.sendall(piece)
                self.check(answers)
                self.uploads[number] += 1

    def check(self, answers) -> None:
        """An upload that is refused ends the benchmark."""
        status = answers.readline()
        length = 0
        while line := answers.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = answers.read(length)
        if not status.startswith(b"HTTP/1.1 200"):
            print(status, body, file=sys.stderr)
            os._exit(1)

    def run(self) -> None:
        """Uploads until stdin closes."""
        threads = [
            threading.Thread(target=self.send, args=(number,)) for number in range(self.kind.connections)
        ]
        for thread in threads:
            thread.start()
        self.flowing.wait()
        began = time.monotonic()
        print("flowing", flush=True)
        sys.stdin.read()
        count, seconds = sum(self.uploads), time.monotonic() - began
        print(json.dumps({"uploads": count, "seconds": seconds, "bytes": count * len(self.body)}), flush=True)
        # What is under way would be waited for, to no purpose.
        os._exit(0)


def main() -> None:
    """Makes the bucket and uploads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("kind", choices=KINDS)
    arguments = parser.parse_args()
    uploader = Uploader(arguments.url, KINDS[arguments.kind])
    if BUCKET not in [bucket["Name"] for bucket in uploader.s3.list_buckets()["Buckets"]]:
        uploader.s3.create_bucket(Bucket=BUCKET)
    uploader.run()


if __name__ == "__main__":
    main()
