"""`clary gateway list | show | routes | test` against a server: for people and for scripts."""

import json

import pytest

from gateways import api, backend, clary, closed, gateway_server  # noqa: F401
from rest_apis import JSON, MOCK_200, Api


def told(server, *arguments: str):
    """The JSON of a command."""
    done = clary(server, "gateway", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(server, *arguments: str, fails: int = 0) -> str:
    """What a command says, on stderr if it has to fail."""
    done = clary(server, "gateway", *arguments)
    assert done.returncode == fails, (done.stdout, done.stderr)
    return done.stderr if fails else done.stdout


def test_list_shows_every_api_and_its_stages(start_server):
    server = start_server(ephemeral=True)
    assert "no REST API is defined" in said(server, "list") and told(server, "list") == []
    shop, bare = Api(server, "shop"), Api(server, "bare")
    shop.mock("GET", "/")
    shop.deploy("dev")
    shop.deploy("prod")
    assert told(server, "list") == [
        {"id": shop.id, "name": "shop", "stages": ["dev", "prod"]}, {"id": bare.id, "name": "bare", "stages": []},
    ]
    head, first, second = said(server, "list").splitlines()
    assert head.split() == ["ID", "NAME", "STAGES"]
    assert first.split() == [shop.id, "shop", "dev,", "prod"] and second.split() == [bare.id, "bare", "not", "deployed"]


def test_show_tells_where_an_api_answers(gateway_server, fresh):
    name = fresh("show")
    own = Api(gateway_server, name, description="pets for all")
    assert "it is not deployed" in said(gateway_server, "show", own.id)
    own.mock("GET", "/")
    deployment = own.deploy("dev")
    canary = own.deploy("dev", canarySettings={"percentTraffic": 25.0})
    text = said(gateway_server, "show", name)
    assert "pets for all" in text and f"/restapis/{own.id}/dev/_user_request_/" in text
    assert deployment in text and f"25 % to {canary}" in text
    found = told(gateway_server, "show", name)
    assert found["api"]["id"] == own.id and found["stages"][0]["deploymentId"] == deployment
    assert "there is no REST API `nothing`" in said(gateway_server, "show", "nothing", fails=1)
    Api(gateway_server, name)
    assert f"2 REST APIs are named `{name}`" in said(gateway_server, "show", name, fails=1)


def test_routes_tell_what_stands_behind_and_what_is_deployed(gateway_server, api):
    assert "it has no methods" in said(gateway_server, "routes", api.id)
    api.mock("GET", "/pets/{id}")
    api.deploy("dev")
    api.method("POST", "/pets", {"type": "HTTP", "integrationHttpMethod": "PUT", "uri": "http://example.com/x"},
               authorizationType="AWS_IAM", apiKeyRequired=True)
    assert told(gateway_server, "routes", api.id) == [
        {"method": "POST", "path": "/pets", "authorization": "AWS_IAM and API key",
         "integration": "HTTP PUT http://example.com/x", "stages": []},
        {"method": "GET", "path": "/pets/{id}", "authorization": "NONE", "integration": "MOCK", "stages": ["dev"]},
    ]
    text = said(gateway_server, "routes", api.id)
    assert text.splitlines()[0].split() == ["METHOD", "PATH", "AUTHORISATION", "INTEGRATION", "DEPLOYED", "TO"]
    assert text.splitlines()[1].endswith("nothing") and text.splitlines()[2].endswith("dev")


@pytest.fixture
def pets(api):
    """An API of which not all is deployed."""
    api.method("POST", "/pets/{id}", {"type": "MOCK", "requestTemplates": {JSON: '{"statusCode": $input.path("$.s")}'}}, {
        "200": {"responseTemplates": {JSON: '$input.params("id") $input.params("q") $input.params("h") $stageVariables.v'}},
        "400": {"selectionPattern": "4..", "responseTemplates": {JSON: "wrong"}}})
    api.mock("ANY", "/all", "any")
    api.mock("GET", "/keyed", apiKeyRequired=True, authorizationType="AWS_IAM")
    api.deploy("dev", variables={"v": "own"})
    return api


def test_a_request_is_matched_mapped_and_answered(gateway_server, pets):
    request = ["test", pets.id, "POST", "/pets/a%20b?q=1", "--header", "h=2", "--body", '{"s": 200}']
    found = told(gateway_server, *request)
    log = found.pop("log")
    deployment = pets.client.get_stage(restApiId=pets.id, stageName="dev")["deploymentId"]
    assert found == {
        "tried": "defined", "stage": "dev", "deployment": deployment, "resource": "/pets/{id}", "method": "POST",
        "path_parameters": {"id": "a b"}, "authorization": "NONE", "api_key_required": False,
        "status": 200, "headers": {"Content-Type": JSON}, "body": "a b 1 2 own",
    }
    assert "Method request path: {id=a b}" in log and "Method completed with status: 200" in log
    text = said(gateway_server, *request)
    assert f"matches    POST /pets/{{id}} of stage `dev`, deployment {deployment}" in text
    assert "asks for   no signature" in text and "path       id=a b" in text
    assert text.endswith("answered   200\na b 1 2 own\n")
    other = told(gateway_server, "test", pets.id, "POST", "/pets/7", "--body", '{"s": 404}', "--stage-variable", "v=other")
    assert (other["status"], other["body"]) == (400, "wrong")


@pytest.mark.parametrize(("method", "path", "reason"), [
    ("GET", "/pets/7", "resource `/pets/{id}` has no GET, but POST"),
    ("GET", "/cats", "no resource of stage `dev` has the path `/cats`"),
    ("GET", "/later", "no resource of stage `dev` has the path `/later`"),
])
def test_a_request_that_comes_to_nothing_is_told_why(gateway_server, pets, method, path, reason):
    pets.mock("GET", "/later")
    found = told(gateway_server, "test", pets.id, method, path)
    assert found["refused"] == {"status": 403, "type": "MISSING_AUTHENTICATION_TOKEN",
                                "message": "Missing Authentication Token", "reason": reason}
    assert said(gateway_server, "test", pets.id, method, path) == f"refused    403 MISSING_AUTHENTICATION_TOKEN: {reason}\n"
    assert pets.call(method, path).status == 403, "as it is said, so it is"


def test_what_is_deployed_is_tried_for_its_stage(gateway_server, api):
    place = api.mock("ANY", "/pets/{id}", "$input.params('id') $context.stage $stageVariables.v $context.httpMethod")
    api.mock("GET", "/gone", "still there")
    api.deploy("dev", variables={"v": "own", "w": "kept"})
    api.client.update_integration_response(**place, statusCode="200", patchOperations=[
        {"op": "replace", "path": "/responseTemplates/application~1json", "value": "changed $context.stage"}])
    api.client.delete_resource(restApiId=api.id, resourceId=api.resource("/gone"))
    tried = ["test", api.id, "PUT", "/pets/7"]
    assert told(gateway_server, *tried)["body"] == "changed test-invoke-stage"
    deployed = told(gateway_server, *tried, "--stage", "dev")
    assert (deployed["tried"], deployed["body"]) == ("deployed", "7 dev own PUT")
    assert api.call("PUT", "/pets/7").text == deployed["body"], "as it is said, so it is"
    other = told(gateway_server, *tried, "--stage", "dev", "--stage-variable", "v=other")
    assert other["body"] == "7 dev other PUT"
    text = said(gateway_server, "test", api.id, "GET", "/gone", "--stage", "dev")
    assert "tried      on the method as it is deployed:" in text and text.endswith("answered   200\nstill there\n")


def test_what_a_method_asks_for_is_told(gateway_server, pets):
    text = said(gateway_server, "test", pets.id, "GET", "/keyed")
    assert "a signature (AWS_IAM); 403 without, and an API key: 403 Forbidden" in text
    assert told(gateway_server, "test", pets.id, "DELETE", "/all")["method"] == "ANY"


def test_a_fault_of_the_author_is_told_with_its_cause(gateway_server, api):
    api.mock("GET", "/", "$util.base64Decode('*')")
    api.method("GET", "/gone", {"type": "MOCK", "requestTemplates": MOCK_200})
    api.deploy()
    text = said(gateway_server, "test", api.id, "GET", "/")
    assert "Execution failed due to configuration error: Unable to transform response" in text
    assert 'answered   500\n{"message":"Internal server error"}' in text
    api.client.delete_resource(restApiId=api.id, resourceId=api.resource("/gone"))
    error = said(gateway_server, "test", api.id, "GET", "/gone", fails=1)
    assert "resource `/gone` is deployed, but defined no more; try what is deployed with `--stage dev`" in error


def test_stages_are_told_apart(gateway_server, api):
    assert "it is not deployed" in said(gateway_server, "test", api.id, "GET", "/", fails=1)
    api.mock("GET", "/", "$stageVariables.v")
    api.deploy("dev", variables={"v": "1"})
    api.deploy("prod", variables={"v": "2"})
    assert "say `--stage` with one of dev, prod" in said(gateway_server, "test", api.id, "GET", "/", fails=2)
    assert told(gateway_server, "test", api.id, "GET", "/", "--stage", "prod")["body"] == "2"
    assert "no stage `x`, but dev, prod" in said(gateway_server, "test", api.id, "GET", "/", "--stage", "x", fails=1)
    assert "does not begin with a slash" in said(gateway_server, "test", api.id, "GET", "x", "--stage", "dev", fails=2)
