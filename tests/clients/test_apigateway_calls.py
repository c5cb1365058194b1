"""Calls of deployed REST APIs: each phase, each kind of integration, each gateway response."""

import base64
import json

import pytest

from conftest import EXAMPLES
from gateways import ROLE, api, backend, closed, gateway_server, refusal  # noqa: F401
from rest_apis import JSON, MOCK_200, Api, send
from test_apigateway_control import patch


def test_a_mock_answers_by_path_and_by_host(api):
    api.mock("GET", "/pets/{id}", '{"pet": "$input.params("id")", "stage": "$context.stage"}')
    api.deploy()
    for by_host in (False, True):
        called = api.call("GET", "/pets/a%20b", by_host=by_host)
        assert (called.status, called.json()) == (200, {"pet": "a b", "stage": "dev"})
        assert called.headers["content-type"] == JSON
        assert called.headers["x-amzn-requestid"] and called.headers["x-amz-apigw-id"]


@pytest.mark.parametrize(("path", "expect"), [
    ("/pets", "/pets"), ("/pets/", "/pets"), ("/pets/special", "/pets/special"), ("/pets/7", "/pets/{id}"),
    ("/files/a/b", "/files/{proxy+}"), ("/pets/7/toys", "/pets/{id}/toys"),
    ("/pets/special/toys", "/pets/{id}/toys"),
])
def test_text_goes_before_parameters_and_those_before_the_rest(api, path, expect):
    for resource in ("/pets", "/pets/special", "/pets/{id}/toys", "/pets/{id}", "/files/{proxy+}"):
        api.mock("ANY", resource, "$context.resourcePath")
    api.deploy()
    assert api.call("GET", path).text == expect


def test_what_is_not_deployed_is_a_missing_token(api):
    api.mock("GET", "/pets")
    missing = (403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})
    assert refusal(api.call("GET", "/pets")) == missing
    api.deploy()
    assert api.call("GET", "/pets").status == 200
    for method, path in (("POST", "/pets"), ("GET", "/cats"), ("GET", "/")):
        assert refusal(api.call(method, path)) == missing
    assert refusal(api.call("GET", "/pets", stage="prod")) == missing


def test_a_change_is_served_once_it_is_deployed(api):
    place = api.mock("GET", "/", "one")
    api.deploy()
    api.client.update_integration_response(**place, statusCode="200", patchOperations=patch(
        ("replace", "/responseTemplates/application~1json", "two")))
    assert api.call("GET", "/").text == "one"
    api.deploy()
    assert api.call("GET", "/").text == "two"
    api.client.delete_stage(restApiId=api.id, stageName="dev")
    assert api.call("GET", "/").status == 403


def test_a_gateway_calls_a_model_without_leaving_the_process(gateway_server, deploy_to, fresh):
    name = fresh("forest")
    deploy_to(gateway_server)(name, EXAMPLES / "covtype" / "model")
    values = (EXAMPLES / "covtype" / "payload.csv").read_text().splitlines()[0].split(",")
    api = Api(gateway_server)
    uri = f"arn:aws:apigateway:us-east-1:runtime.sagemaker:path//endpoints/{name}/invocations"
    api.method("POST", "/predict", {
        "type": "AWS", "integrationHttpMethod": "POST", "uri": uri, "credentials": ROLE,
        "requestParameters": {"integration.request.header.Content-Type": "'text/csv'"},
        "requestTemplates": {JSON: "#foreach($v in $input.path('$.row'))$v#if($foreach.hasNext),#end#end"},
    }, {
        "200": {"responseTemplates": {JSON: '{"answer": $input.json("$")}'}},
        "400": {"selectionPattern": r"4\d{2}", "responseTemplates": {JSON: '{"error": "input"}'}},
    })
    api.deploy()
    body = json.dumps({"row": values}).encode()
    called = api.call("POST", "/predict", body, Content_Type=JSON)
    assert called.status == 200, called.text
    runtime = gateway_server.client("sagemaker-runtime")
    direct = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Accept=JSON,
                                     Body=",".join(values))
    assert called.json() == {"answer": json.loads(direct["Body"].read())}
    wrong = api.call("POST", "/predict", b'{"row": ["no number"]}', Content_Type=JSON)
    assert (wrong.status, wrong.json()) == (400, {"error": "input"})


def test_s3_objects_are_put_and_got(api, gateway_server, fresh):
    bucket = fresh("bucket")
    gateway_server.client("s3").create_bucket(Bucket=bucket)
    uri = f"arn:aws:apigateway:us-east-1:s3:path/{bucket}/{{key}}"
    mapped = {"integration.request.path.key": "method.request.path.key"}
    for method in ("PUT", "GET"):
        api.method(method, "/objects/{key}", {
            "type": "AWS", "integrationHttpMethod": method, "uri": uri, "credentials": ROLE, "requestParameters": mapped,
        }, {
            "200": {"responseParameters": {"method.response.header.ETag": "integration.response.header.ETag"}},
            "404": {"selectionPattern": "404"},
        }, requestParameters={"method.request.path.key": True})
    api.deploy()
    put = api.call("PUT", "/objects/a%20b", b"hello", Content_Type="text/plain")
    assert put.status == 200 and put.headers["etag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert api.call("GET", "/objects/a%20b").body == b"hello"
    stored = gateway_server.client("s3").get_object(Bucket=bucket, Key="a b")
    assert stored["Body"].read() == b"hello"
    gone = api.call("GET", "/objects/none")
    assert gone.status == 404 and b"NoSuchKey" in gone.body


def test_an_operation_is_called_by_its_action(api):
    api.method("GET", "/me", {
        "type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE,
        "uri": "arn:aws:apigateway:us-east-1:sts:action/GetCallerIdentity",
    })
    api.deploy()
    called = api.call("GET", "/me")
    assert called.status == 200 and b"assumed-role/gateway/" in called.body, called.text


def test_functions_are_not_there_and_say_so(api):
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    api.method("POST", "/", {
        "type": "AWS_PROXY", "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    }, {})
    api.deploy()
    called = api.call("POST", "/", b"{}")
    assert called.status == 500 and "Lambda functions are not served" in called.json()["message"]


def test_http_sends_what_is_mapped_and_nothing_else(api, backend):
    api.method("POST", "/to/{id}", {
        "type": "HTTP", "integrationHttpMethod": "PUT", "uri": f"http://{backend.address}/v/{{id}}",
        "requestParameters": {
            "integration.request.path.id": "method.request.path.id",
            "integration.request.querystring.q": "method.request.querystring.in",
            "integration.request.header.X-Own": "'static'",
            "integration.request.header.X-Body": "method.request.body.a.b",
            "integration.request.header.X-Stage": "context.stage",
            "integration.request.header.X-Var": "stageVariables.v",
        },
        "requestTemplates": {JSON: '{"wrapped": $input.json("$")}'},
    }, {"200": {"responseParameters": {"method.response.header.Server": "integration.response.header.Server"}}})
    api.deploy(variables={"v": "1"})
    called = api.call("POST", "/to/x%20y?in=1&out=2", b'{"a": {"b": "c"}}', Content_Type=JSON, X_Client="no")
    seen = called.json()
    assert (seen["method"], seen["path"]) == ("PUT", "/v/x%20y?q=1")
    assert json.loads(seen["body"]) == {"wrapped": {"a": {"b": "c"}}}
    headers = seen["headers"]
    assert "x-client" not in headers
    assert headers["user-agent"] == f"AmazonAPIGateway_{api.id}"
    assert headers["x-amzn-apigateway-api-id"] == api.id and headers["x-amzn-trace-id"].startswith("Root=1-")
    assert (headers["x-own"], headers["x-body"], headers["x-stage"], headers["x-var"]) == ("static", "c", "dev", "1")
    assert "x-amzn-remapped-server" in called.headers


def test_http_proxy_passes_everything_on(api, backend):
    api.method("ANY", "/{proxy+}", {
        "type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": f"http://{backend.address}/base/{{proxy}}",
        "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy",
                              "integration.request.header.X-Added": "'1'"},
    }, {}, requestParameters={"method.request.path.proxy": True})
    api.deploy()
    called = api.call("PATCH", "/a/b%20c?x=1&x=2", b"raw", X_Client="yes")
    seen = called.json()
    assert (called.status, seen["method"], seen["path"], seen["body"]) == (
        200, "PATCH", "/base/a/b%20c?x=1&x=2", "raw")
    assert seen["headers"]["x-client"] == "yes" and seen["headers"]["x-added"] == "1"


@pytest.mark.parametrize("header", ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id"])
def test_headers_of_the_request_itself_cannot_be_mapped(api, backend, header):
    api.method("GET", "/", {
        "type": "HTTP", "integrationHttpMethod": "GET", "uri": f"http://{backend.address}/",
        "requestParameters": {f"integration.request.header.{header}": "'1'"},
    })
    api.deploy()
    assert refusal(api.call("GET", "/")) == (
        500, "InternalServerErrorException", {"message": "Internal server error"})


@pytest.mark.parametrize("uri", [
    "http://127.0.0.1:1/", "http://localhost:1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/",
    "http://0.0.0.0:1/",
])
def test_integrations_do_not_reach_this_machine_unless_told(api, uri):
    place = api.method("GET", "/", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": uri}, {})
    api.deploy()
    assert refusal(api.call("GET", "/")) == (
        500, "InternalServerErrorException", {"message": "Internal server error"})
    tried = api.client.test_invoke_method(**place)
    assert "Invalid endpoint address" in tried["log"] and "http-hosts" in tried["log"]


# content type sent, passthrough behaviour, templates -> status and body
@pytest.mark.parametrize(("given", "behaviour", "templates", "expect"), [
    (JSON, "WHEN_NO_MATCH", {JSON: "mapped"}, (200, "mapped")),
    ("text/xml", "WHEN_NO_MATCH", {JSON: "mapped"}, (200, "raw")),
    ("text/xml", "WHEN_NO_TEMPLATES", {JSON: "mapped"}, (415, None)),
    ("text/xml", "WHEN_NO_TEMPLATES", {}, (200, "raw")),
    ("text/xml", "NEVER", {JSON: "mapped"}, (415, None)),
    (JSON, "NEVER", {}, (415, None)),
    (None, "NEVER", {JSON: "mapped"}, (200, "mapped")),
    ("text/xml", "NEVER", {"$default": "any"}, (200, "any")),
    (JSON + "; charset=utf-8", "NEVER", {JSON: "mapped"}, (200, "mapped")),
])
def test_bodies_pass_as_the_author_said(api, backend, given, behaviour, templates, expect):
    api.method("POST", "/", {
        "type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/",
        "passthroughBehavior": behaviour, "requestTemplates": templates,
    })
    api.deploy()
    called = api.call("POST", "/", b"raw", **({"Content_Type": given} if given else {}))
    if expect[0] == 415:
        assert refusal(called) == (415, "BadRequestException", {"message": "Unsupported Media Type"})
    else:
        assert (called.status, called.json()["body"]) == expect


def test_an_answer_is_chosen_by_the_backends_status(api):
    backend_status = '{"statusCode": $input.params("s")}'
    api.method("GET", "/", {"type": "MOCK", "requestTemplates": {JSON: backend_status}}, {
        "200": {"responseTemplates": {JSON: "default"}},
        "400": {"selectionPattern": r"4\d{2}", "responseTemplates": {JSON: "caller"}},
        "502": {"selectionPattern": r"5\d{2}", "responseTemplates": {JSON: "server"}},
    })
    api.deploy()
    for status, expect in ((200, (200, "default")), (404, (400, "caller")), (503, (502, "server")), (302, (200, "default"))):
        called = api.call("GET", f"/?s={status}")
        assert (called.status, called.text) == expect


def test_no_fitting_answer_is_an_error_of_the_author(api):
    api.method("GET", "/", {"type": "MOCK", "requestTemplates": MOCK_200}, {"400": {"selectionPattern": "4.."}})
    api.deploy()
    assert api.call("GET", "/").status == 500


def test_an_answer_is_written_in_what_the_caller_accepts(api):
    api.method("GET", "/", {"type": "MOCK", "requestTemplates": MOCK_200}, {
        "200": {"responseTemplates": {JSON: "json", "application/xml": "xml"}}})
    api.deploy()
    for accept, expect in (("application/xml", ("xml", "application/xml")), ("text/html", ("json", JSON)),
                           ("application/xml;q=1, text/html", ("xml", "application/xml"))):
        called = api.call("GET", "/", Accept=accept)
        assert (called.text, called.headers["content-type"]) == expect


def test_templates_override_status_headers_and_requests(api, backend):
    api.method("GET", "/mock", {"type": "MOCK", "requestTemplates": {
        JSON: '#set($context.responseOverride.header.early = "1"){"statusCode": 200}'}}, {
        "200": {"responseTemplates": {JSON: '#set($context.responseOverride.status = 418)'
                                            '#set($context.responseOverride.header.late = "2")x'}}})
    api.method("GET", "/bad", {"type": "MOCK", "requestTemplates": MOCK_200}, {
        "200": {"responseTemplates": {JSON: '#set($context.responseOverride.status = 99)x'}}})
    api.method("GET", "/twice", {"type": "MOCK", "requestTemplates": MOCK_200}, {
        "200": {"responseTemplates": {JSON: '#set($context.responseOverride.status = 201)'
                                            '#set($context.responseOverride.status = 202)x'}}})
    api.method("POST", "/http/{id}", {
        "type": "HTTP", "integrationHttpMethod": "POST", "uri": f"http://{backend.address}/{{id}}",
        "requestParameters": {"integration.request.path.id": "method.request.path.id"},
        "requestTemplates": {JSON: '#set($context.requestOverride.path.id = "changed")'
                                   '#set($context.requestOverride.querystring.q = "1")'
                                   '#set($context.requestOverride.header.x-over = "2")body'},
    })
    api.deploy()
    called = api.call("GET", "/mock")
    assert (called.status, called.headers["early"], called.headers["late"]) == (418, "1", "2")
    assert api.call("GET", "/bad").status == 200
    assert api.call("GET", "/twice").status == 500
    seen = api.call("POST", "/http/x", b"{}", Content_Type=JSON).json()
    assert (seen["path"], seen["headers"]["x-over"]) == ("/changed?q=1", "2")


def validated(api, **flags):
    made = api.client.create_request_validator(restApiId=api.id, name="v", **flags)
    return made["id"]


def test_missing_parameters_are_named(api):
    api.mock("POST", "/{issuer}", "ok", requestValidatorId=validated(api, validateRequestParameters=True),
             requestParameters={"method.request.header.x-header-param": True, "method.request.querystring.qs1": True,
                                "method.request.path.issuer": True, "method.request.querystring.opt": False})
    api.deploy()
    assert refusal(api.call("POST", "/i")) == (400, "BadRequestException", {
        "message": "Missing required request parameters: [x-header-param, qs1]"})
    assert api.call("POST", "/i?qs1=1", X_Header_Param="1").status == 200


# Bodies against a model, by draft 4.
@pytest.mark.parametrize(("body", "media_type", "fits"), [
    (b'{"n": 1}', JSON, True), (b'{"n": "1"}', JSON, False), (b"{}", JSON, False), (b"", JSON, False),
    (b"not json", JSON, False), (b'{"n": 1}', JSON + "; charset=utf-8", True), (b"free", "text/plain", True),
    (b'{"n": 5}', JSON, False),
])
def test_bodies_are_held_to_their_model(api, body, media_type, fits):
    schema = {"type": "object", "required": ["n"],
              "properties": {"n": {"type": "integer", "maximum": 5, "exclusiveMaximum": True}}}
    api.client.create_model(restApiId=api.id, name="N", contentType=JSON, schema=json.dumps(schema))
    api.mock("POST", "/", "ok", request="{statusCode: 200}", requestModels={JSON: "N"},
             requestValidatorId=validated(api, validateRequestBody=True))
    place = {"restApiId": api.id, "responseType": "BAD_REQUEST_BODY"}
    api.client.put_gateway_response(**place, responseTemplates={JSON: '{"why": "$context.error.validationErrorString"}'})
    integration = {"op": "add", "path": "/requestTemplates/text~1plain", "value": "{statusCode: 200}"}
    api.client.update_integration(restApiId=api.id, resourceId=api.root, httpMethod="POST", patchOperations=[integration])
    api.deploy()
    called = api.call("POST", "/", body, Content_Type=media_type)
    assert called.status == (200 if fits else 400), called.text
    assert fits or called.text.startswith('{"why": "')


def test_models_refer_to_each_other(api):
    api.client.create_model(restApiId=api.id, name="Pet", contentType=JSON,
                            schema='{"type": "object", "required": ["id"]}')
    items = {"$ref": f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Pet"}
    api.client.create_model(restApiId=api.id, name="Pets", contentType=JSON,
                            schema=json.dumps({"type": "array", "items": items}))
    api.mock("POST", "/", "ok", request="{statusCode: 200}", requestModels={JSON: "Pets"},
             requestValidatorId=validated(api, validateRequestBody=True))
    api.deploy()
    assert api.call("POST", "/", b'[{"id": 1}]', Content_Type=JSON).status == 200
    assert api.call("POST", "/", b'[{"x": 1}]', Content_Type=JSON).status == 400


def test_signed_methods_take_signed_calls_only(api):
    api.mock("GET", "/", '"$context.identity.userArn"', authorizationType="AWS_IAM")
    api.deploy()
    assert refusal(api.call("GET", "/")) == (
        403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})
    assert api.signed("GET", "/").json() == "arn:aws:iam::000000000000:root"
    wrong = api.signed("GET", "/", secret="another secret")
    assert (wrong.status, wrong.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    other = api.signed("GET", "/", service="sagemaker")
    assert other.status == 403 and "correct service: 'execute-api'" in other.json()["message"]


def test_a_method_that_asks_for_a_key_admits_nobody(api):
    api.mock("GET", "/", "ok", apiKeyRequired=True)
    api.deploy()
    assert refusal(api.call("GET", "/")) == (403, "ForbiddenException", {"message": "Forbidden"})


def test_refusals_look_as_the_author_wants(api):
    api.mock("GET", "/", "ok", apiKeyRequired=True)
    api.client.put_gateway_response(
        restApiId=api.id, responseType="DEFAULT_4XX", statusCode="418",
        responseParameters={"gatewayresponse.header.X-Static": "'s'",
                            "gatewayresponse.header.X-Query": "method.request.querystring.q"},
        responseTemplates={JSON: '{"m": $context.error.messageString, "t": "$context.error.responseType", '
                                 '"s": "$stageVariables.v", "p": "$context.path", "n": "$context.nothing"}',
                           "application/xml": "<m>$context.error.message</m>"})
    api.client.put_gateway_response(restApiId=api.id, responseType="INVALID_API_KEY", statusCode="401")
    api.deploy(variables={"v": "1"})
    called = api.call("GET", "/none?q=7")
    assert called.status == 418
    assert called.json() == {"m": "Missing Authentication Token", "t": "MISSING_AUTHENTICATION_TOKEN", "s": "1",
                             "p": "/dev/none", "n": ""}
    assert called.headers["x-static"] == "s" and called.headers["x-query"] == "7"
    xml = api.call("GET", "/none", Accept="application/xml")
    assert (xml.text, xml.headers["content-type"]) == ("<m>Missing Authentication Token</m>", "application/xml")
    assert refusal(api.call("GET", "/")) == (401, "ForbiddenException", {"message": "Forbidden"})


RAW, ENCODED, TEXT = b"\x1f\xef\x08\x00", base64.b64encode(b"\x1f\xef\x08\x00"), b"plain text"
LOSSY = RAW.decode(errors="replace").encode()


# handling, type of the payload, type accepted, payload -> body; as AWS was recorded
@pytest.mark.parametrize(("handling", "given", "accept", "payload", "expect"), [
    (None, "text/plain", "text/plain", TEXT, TEXT),
    (None, "text/plain", "text/plain", RAW, LOSSY),
    (None, "text/plain", "image/png", ENCODED, RAW),
    (None, "text/plain", "image/png", TEXT, None),
    (None, "image/png", "image/png", RAW, RAW),
    (None, "image/png", "text/plain", RAW, ENCODED),
    ("CONVERT_TO_TEXT", "text/plain", "image/png", ENCODED, ENCODED),
    ("CONVERT_TO_TEXT", "image/png", "image/png", RAW, ENCODED),
    ("CONVERT_TO_BINARY", "text/plain", "text/plain", ENCODED, RAW),
    ("CONVERT_TO_BINARY", "image/png", "text/plain", RAW, RAW),
])
def test_bytes_and_text_are_converted_as_aws_does(api, gateway_server, handling, given, accept, payload, expect):
    s3 = gateway_server.client("s3")
    s3.create_bucket(Bucket="matrix")
    s3.put_object(Bucket="matrix", Key="k", Body=payload, ContentType=given)
    api.client.update_rest_api(restApiId=api.id, patchOperations=patch(("add", "/binaryMediaTypes/image~1png")))
    api.method("GET", "/", {"type": "AWS", "integrationHttpMethod": "GET", "credentials": ROLE,
                            "uri": "arn:aws:apigateway:us-east-1:s3:path/matrix/k"},
               {"200": {"contentHandling": handling} if handling else {}})
    api.deploy()
    called = api.call("GET", "/", Accept=accept)
    assert (called.status, called.body) == (200, expect) if expect is not None else called.status == 500


def test_stage_variables_choose_the_backend(api, backend):
    api.method("GET", "/", {"type": "HTTP", "integrationHttpMethod": "GET",
                            "uri": "http://${stageVariables.host}/${stageVariables.path}"})
    api.deploy(variables={"host": backend.address, "path": "one"})
    assert api.call("GET", "/").json()["path"] == "/one"
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=patch(("replace", "/variables/path", "two")))
    assert api.call("GET", "/").json()["path"] == "/two"


def test_a_canary_gets_its_part_and_is_promoted(api):
    place = api.mock("GET", "/", "stable $stageVariables.v $context.isCanaryRequest")
    stable = api.deploy(variables={"v": "1"})
    api.client.update_integration_response(**place, statusCode="200", patchOperations=patch(
        ("replace", "/responseTemplates/application~1json", "canary $stageVariables.v $context.isCanaryRequest")))
    canary = api.deploy(canarySettings={"percentTraffic": 100.0, "stageVariableOverrides": {"v": "2"}})
    assert api.call("GET", "/").text == "canary 2 true"
    stage = {"restApiId": api.id, "stageName": "dev"}
    api.client.update_stage(**stage, patchOperations=patch(("replace", "/canarySettings/percentTraffic", "0")))
    assert api.call("GET", "/").text == "stable 1 false"
    assert api.client.get_stage(**stage)["deploymentId"] == stable
    api.client.update_stage(**stage, patchOperations=[
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
        {"op": "remove", "path": "/canarySettings"},
    ])
    assert api.client.get_stage(**stage)["deploymentId"] == canary
    assert api.call("GET", "/").text == "canary 2 "


def test_a_trial_tells_what_happened(api):
    place = api.mock("GET", "/pets/{petId}", '{"petId": "$input.params("petId")"}')
    tried = api.client.test_invoke_method(**place, pathWithQueryString="/pets/123?foo=bar")
    assert (tried["status"], tried["body"]) == (200, '{"petId": "123"}')
    assert tried["headers"] == {"Content-Type": JSON} and tried["multiValueHeaders"] == {"Content-Type": [JSON]}
    lines = tried["log"].splitlines()
    assert lines[0].startswith("Execution log for request ")
    said = [line.split(" : ", 1)[1] for line in lines[1:]]
    assert said[1:] == [
        "HTTP Method: GET, Resource Path: /pets/123", "Method request path: {petId=123}",
        "Method request query string: {foo=bar}", "Method request headers: {}",
        "Method request body before transformations: ",
        'Method response body after transformations: {"petId": "123"}',
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution", "Method completed with status: 200",
    ]


def test_what_is_deployed_survives_a_kill(start_server):
    server = start_server()
    api = Api(server)
    api.mock("GET", "/", "still here")
    api.deploy()
    api.mock("GET", "/later", "not deployed")
    server.kill9()
    server.start()
    again = send(server.gateway, "GET", f"/restapis/{api.id}/dev/_user_request_/", b"", {})
    assert (again.status, again.text) == (200, "still here")
    later = send(server.gateway, "GET", f"/restapis/{api.id}/dev/_user_request_/later", b"", {})
    assert later.status == 403
    paths = [r["path"] for r in server.client("apigateway").get_resources(restApiId=api.id)["items"]]
    assert paths == ["/", "/later"]


def test_a_closed_api_answers_nobody(api):
    api.mock("GET", "/", "ok")
    api.client.update_rest_api(restApiId=api.id, patchOperations=patch(("replace", "/disableExecuteApiEndpoint", "true")))
    api.deploy()
    assert api.call("GET", "/").status == 403


def test_one_port_serves_both(start_server):
    import socket as sockets

    with sockets.create_server(("127.0.0.1", 0)) as probe:
        address = "127.0.0.1:%d" % probe.getsockname()[1]
    server = start_server("--api", address, "--gateway", address, ephemeral=True)
    api = Api(server)
    api.mock("GET", "/", "ok")
    api.deploy()
    assert api.call("GET", "/").text == "ok"
    assert api.call("GET", "/", by_host=True).text == "ok"
