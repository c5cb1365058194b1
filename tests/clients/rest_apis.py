"""Builds REST APIs through boto3 and calls what they deploy.

Nothing here knows what is tested: a builder for methods with their integrations, a caller that
speaks to the gateway's address by hand, and a backend that shows what it was sent.
"""

import http.client
import http.server
import json
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from server import KEY_ID, REGION, SECRET, Server

JSON = "application/json"
MOCK_200 = {JSON: '{"statusCode": 200}'}


@dataclass
class Called:
    """What a deployed API answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        """The body, which must be JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Api:
    """One REST API under construction."""

    def __init__(self, server: Server, name: str = "api", **members):
        self.server = server
        self.client = server.client("apigateway")
        made = self.client.create_rest_api(name=name, **members)
        self.id, self.root = made["id"], made["rootResourceId"]

    def resource(self, path: str) -> str:
        """The id of the resource at `path`, made with all above it if need be."""
        parent, so_far = self.root, ""
        known = {r["path"]: r["id"] for r in self.client.get_resources(restApiId=self.id, limit=500)["items"]}
        for part in [part for part in path.split("/") if part]:
            so_far += f"/{part}"
            if so_far not in known:
                made = self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)
                known[so_far] = made["id"]
            parent = known[so_far]
        return parent

    def method(self, method: str, path: str, integration: dict, responses: dict | None = None, **members) -> dict:
        """Puts a method, its integration and their answers: status to members of the integration response."""
        place = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": method}
        self.client.put_method(**place, **{"authorizationType": "NONE", **members})
        self.client.put_integration(**place, **integration)
        for status, answer in ({"200": {}} if responses is None else responses).items():
            headers = {name: False for name in answer.get("responseParameters", {})}
            self.client.put_method_response(**place, statusCode=status, responseParameters=headers)
            self.client.put_integration_response(**place, statusCode=status, **answer)
        return place

    def mock(self, method: str, path: str, template: str = "", request: str | None = None, **members) -> dict:
        """A method that answers what a template says."""
        integration = {"type": "MOCK", "requestTemplates": {JSON: request or MOCK_200[JSON]}}
        return self.method(method, path, integration, {"200": {"responseTemplates": {JSON: template}}}, **members)

    def deploy(self, stage: str = "dev", **members) -> str:
        """Deploys what there is to a stage, and returns the deployment's id."""
        return self.client.create_deployment(restApiId=self.id, stageName=stage, **members)["id"]

    def call(self, method: str, path: str, body: bytes = b"", stage: str = "dev", by_host: bool = False,
             **headers: str) -> Called:
        """Calls the stage; `path` is below it."""
        host = {"Host": f"{self.id}.execute-api.localhost"} if by_host else {}
        target = f"/{stage}{path}" if by_host else f"/restapis/{self.id}/{stage}/_user_request_{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return send(self.server.gateway, method, target, body, {**host, **named})

    def signed(self, method: str, path: str, body: bytes = b"", stage: str = "dev", service: str = "execute-api",
               secret: str = SECRET, **headers: str) -> Called:
        """As `call`, signed."""
        target = f"/restapis/{self.id}/{stage}/_user_request_{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, self.server.gateway + target, headers=named, data=body)
        auth.SigV4Auth(Credentials(KEY_ID, secret), service, REGION).add_auth(request)
        return send(self.server.gateway, method, target, body, dict(request.headers))


def send(address: str, method: str, target: str, body: bytes, headers: dict[str, str]) -> Called:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        return Called(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def raw(address: str, request: bytes) -> bytes:
    """All that comes back for bytes sent as they are."""
    host, port = urlsplit(address).netloc.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as peer:
        peer.sendall(request)
        received = b""
        try:
            while piece := peer.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


class Backend:
    """An HTTP server that answers what it was sent, or what `answer` says."""

    def __init__(self, answer=None):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("content-length") or 0)
                seen = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                    "body": self.rfile.read(length).decode("latin-1"),
                }
                outer.seen.append(seen)
                status, headers, body = answer(seen) if answer else (200, {}, json.dumps(seen).encode())
                self.send_response(status)
                for name, value in {"Content-Type": JSON, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, *_):
                pass

        self.seen: list[dict] = []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self):
        """Ends the server."""
        self._http.shutdown()
        self._http.server_close()
