"""Requests made by hand: signed by botocore, sent by http.client, tampered with on the way.

For what boto3 would never send.
"""

import http.client
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from unittest import mock
from urllib.parse import urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import KEY_ID, REGION, SECRET

JSON_1_1 = "application/x-amz-json-1.1"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        """The body, which must be JSON."""
        return json.loads(self.body)

    def error(self) -> tuple[int, str, str]:
        """Status, error code without its namespace, and message."""
        body = self.json()
        code = body.get("__type") or self.headers.get("x-amzn-errortype", "")
        return self.status, code.split("#")[-1].split(":")[0], body.get("message") or body.get("Message", "")


@dataclass
class Request:
    """One request, signed unless told otherwise."""

    path: str = "/"
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    service: str = "sagemaker"

    def signed(
        self, api: str, key_id: str = KEY_ID, secret: str = SECRET, skew_minutes: float = 0
    ) -> "Request":
        """The request with the headers that sign it, as if made `skew_minutes` from now."""
        aws = AWSRequest(self.method, api + self.path, headers=self.headers, data=self.body)
        then = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(minutes=skew_minutes)
        signer = auth.SigV4Auth(Credentials(key_id, secret), self.service, REGION)
        with mock.patch("botocore.auth.get_current_datetime", lambda: then):
            signer.add_auth(aws)
        return Request(self.path, self.body, dict(aws.headers), self.method, self.service)

    def send(self, address: str) -> Answer:
        """Sends it as it is."""
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
        try:
            connection.request(self.method, self.path, body=self.body, headers=self.headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()


def operation(name: str, body: bytes | dict, content_type: str = JSON_1_1) -> Request:
    """An unsigned call of a SageMaker operation."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Amz-Target": f"SageMaker.{name}", "Content-Type": content_type}
    return Request(body=raw, headers=headers)
