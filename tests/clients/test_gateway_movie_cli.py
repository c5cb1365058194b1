"""The movie example at a shell: the whole API made, tried, called, changed and deleted by the AWS CLI."""

import json

import pytest

from artifacts import ROLE
from conftest import EXAMPLES
from rest_apis import JSON, send
from test_cli import aws  # noqa: F401

EXAMPLE = EXAMPLES / "movie-ratings"
TEMPLATES = EXAMPLE / "api"
IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/object2vec:1"
NAME = "movies-by-cli"
PATH = "/predicted-ratings/321?items=101,131,162&"


@pytest.fixture(scope="module")
def endpoint(server):
    """The movie model behind an endpoint."""
    from conftest import Deployer

    files = {file.name: file.read_bytes() for file in (EXAMPLE / "model").iterdir()}
    return Deployer(server)(NAME, files, Image=IMAGE)


@pytest.fixture
def gateway(aws, tmp_path):
    """`aws apigateway`, and its answers from templates by file."""

    def run(operation: str, *arguments: str, fails: int = 0):
        return aws("apigateway", operation, *arguments, fails=fails)

    def of_file(name: str) -> str:
        """The map of one template, as a file that the CLI reads."""
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps({JSON: (TEMPLATES / name).read_text()}))
        return f"file://{file}"

    run.of_file = of_file
    return run


def test_the_whole_life_of_the_movie_api(server, endpoint, gateway):
    api = gateway("create-rest-api", "--name", NAME, "--description", "ratings by taste")["id"]
    (root,) = gateway("get-resources", "--rest-api-id", api)["items"]
    ratings = gateway("create-resource", "--rest-api-id", api, "--parent-id", root["id"], "--path-part", "predicted-ratings")
    user = gateway("create-resource", "--rest-api-id", api, "--parent-id", ratings["id"], "--path-part", "{user_id}")
    assert user["path"] == "/predicted-ratings/{user_id}"
    validator = gateway("create-request-validator", "--rest-api-id", api, "--name", "parameters", "--validate-request-parameters")
    method = ["--rest-api-id", api, "--resource-id", user["id"], "--http-method", "GET"]
    gateway("put-method", *method, "--authorization-type", "NONE", "--request-validator-id", validator["id"],
            "--request-parameters", "method.request.path.user_id=true,method.request.querystring.items=true")
    put = gateway("put-integration", *method, "--type", "AWS", "--integration-http-method", "POST",
                  "--uri", f"arn:aws:apigateway:us-east-1:runtime.sagemaker:path//endpoints/{NAME}/invocations",
                  "--credentials", ROLE, "--passthrough-behavior", "NEVER",
                  "--request-templates", gateway.of_file("request.vtl"))
    assert put["requestTemplates"][JSON] == (TEMPLATES / "request.vtl").read_text()
    for status, template, selection in (("200", "response.vtl", []), ("400", "error.vtl", ["--selection-pattern", r"4\d{2}"])):
        gateway("put-method-response", *method, "--status-code", status)
        gateway("put-integration-response", *method, "--status-code", status, *selection,
                "--response-templates", gateway.of_file(template))

    tried = gateway("test-invoke-method", *method, "--path-with-query-string", PATH)
    assert tried["status"] == 200, tried["log"]
    assert '"in0"' in tried["log"] and "Method completed with status: 200" in tried["log"]

    deployment = gateway("create-deployment", "--rest-api-id", api, "--stage-name", "dev", "--variables", "v=1")["id"]
    assert [stage["stageName"] for stage in gateway("get-stages", "--rest-api-id", api)["item"]] == ["dev"]
    called = send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{PATH}", b"", {})
    assert called.status == 200 and called.json() == json.loads(tried["body"])
    assert len(called.json()["ratings"]) == 3
    host = {"Host": f"{api}.execute-api.us-east-1.amazonaws.com"}
    assert send(server.gateway, "GET", f"/dev{PATH}", b"", host).json() == called.json()
    missing = send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_/predicted-ratings/321", b"", {})
    assert (missing.status, missing.json()["message"]) == (400, "Missing required request parameters: [items]")

    changed = gateway("update-integration-response", *method, "--status-code", "200", "--patch-operations",
                      "op=replace,path=/responseTemplates/application~1json,value='{\"n\": $input.json(\"$.predictions.size()\")}'")
    assert changed["responseTemplates"][JSON].strip("'").startswith('{"n"')
    gateway("update-method", *method, "--patch-operations", "op=replace,path=/apiKeyRequired,value=true")
    assert send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{PATH}", b"", {}).json() == called.json()
    second = gateway("create-deployment", "--rest-api-id", api, "--stage-name", "dev", "--description", "keys")["id"]
    refused = send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{PATH}", b"", {})
    assert (refused.status, refused.json()) == (403, {"message": "Forbidden"})
    gateway("update-stage", "--rest-api-id", api, "--stage-name", "dev", "--patch-operations",
            f"op=replace,path=/deploymentId,value={deployment}")
    assert send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{PATH}", b"", {}).json() == called.json()

    said = gateway("delete-deployment", "--rest-api-id", api, "--deployment-id", deployment, fails=255)
    assert "Active stages pointing to this deployment must be moved or deleted" in said
    gateway("delete-deployment", "--rest-api-id", api, "--deployment-id", second)
    said = gateway("put-integration", *method, "--type", "MOCK", "--request-templates", json.dumps({JSON: "#if($x"}), fails=255)
    assert "BadRequestException" in said and "line 1" in said
    gateway("delete-integration-response", *method, "--status-code", "400")
    gateway("delete-method-response", *method, "--status-code", "400")
    gateway("delete-integration", *method)
    gateway("delete-method", *method)
    gateway("delete-resource", "--rest-api-id", api, "--resource-id", ratings["id"])
    assert [r["path"] for r in gateway("get-resources", "--rest-api-id", api)["items"]] == ["/"]
    gateway("delete-stage", "--rest-api-id", api, "--stage-name", "dev")
    assert send(server.gateway, "GET", f"/restapis/{api}/dev/_user_request_{PATH}", b"", {}).status == 403
    gateway("delete-rest-api", "--rest-api-id", api)
    assert "NotFoundException" in gateway("get-rest-api", "--rest-api-id", api, fails=255)
