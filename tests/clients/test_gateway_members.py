"""Every operation of API Gateway that is served: what a reply has is what AWS's shapes have, and no more;
lists come in pages; patches are held to their paths."""

import json
import re

import pytest

from rest_apis import JSON, MOCK_200, Api
from shapes import TABLES
from test_apigateway_control import patch

OPERATIONS = re.findall(r'Operation \{\s*name: "(\w+)"', (TABLES / "apigateway.rs").read_text())


def strange(value, shape, at: str):
    """What of a reply its shape does not have: members by their path, and values of another kind."""
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool,
             "timestamp": (int, float), "integer": int, "long": int, "double": (int, float), "float": (int, float), "blob": str}
    if not isinstance(value, kinds[shape.type_name]):
        yield f"{at}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, inner in value.items():
            if name in names:
                yield from strange(inner, names[name], f"{at}.{name}")
            else:
                yield f"{at}.{name}: {inner!r} is of no shape"
    elif shape.type_name == "map":
        for name, inner in value.items():
            yield from strange(inner, shape.value, f"{at}[{name}]")
    elif shape.type_name == "list":
        for inner in value:
            yield from strange(inner, shape.member, f"{at}[]")


@pytest.fixture
def watched(server):
    """A client whose replies are held to their shapes; and the operations that were called."""
    client, called = server.client("apigateway"), set()

    def look(http_response, model, **_):
        called.add(model.name)
        if http_response.status_code >= 300:
            return
        body = http_response.content
        if model.output_shape is None or not model.output_shape.members:
            assert body in (b"", b"{}"), (model.name, body)
            return
        assert list(strange(json.loads(body), model.output_shape, model.name)) == []

    client.meta.events.register("after-call.apigateway", look)
    return client, called


def test_every_reply_has_members_of_its_shape_and_no_others(server, watched):
    client, called = watched
    own = Api(server, "members", description="d", tags={"t": "1"}, binaryMediaTypes=["image/png"], minimumCompressionSize=5)
    api = {"restApiId": own.id}
    client.create_rest_api(name="more", version="v1", apiKeySource="HEADER", disableExecuteApiEndpoint=True,
                           endpointConfiguration={"types": ["REGIONAL"]})
    client.get_rest_apis()
    client.get_rest_api(**api)
    client.update_rest_api(**api, patchOperations=patch(("replace", "/description", "e")))
    made = client.create_resource(**api, parentId=own.root, pathPart="pets")["id"]
    resource = {**api, "resourceId": made}
    client.update_resource(**resource, patchOperations=patch(("replace", "/pathPart", "cats")))
    client.create_model(**api, name="Pet", contentType=JSON, description="d", schema='{"type": "object"}')
    model = {**api, "modelName": "Pet"}
    client.get_models(**api)
    client.get_model(**model, flatten=True)
    client.get_model_template(**model)
    client.update_model(**model, patchOperations=patch(("replace", "/description", "e")))
    validator = {**api, "requestValidatorId": client.create_request_validator(**api, name="v", validateRequestBody=True)["id"]}
    client.get_request_validators(**api)
    client.get_request_validator(**validator)
    client.update_request_validator(**validator, patchOperations=patch(("replace", "/name", "w")))
    method = {**resource, "httpMethod": "POST"}
    client.put_method(**method, authorizationType="NONE", operationName="Make", requestModels={JSON: "Pet"},
                      requestValidatorId=validator["requestValidatorId"],
                      requestParameters={"method.request.querystring.q": False})
    answer = {**method, "statusCode": "200"}
    client.put_method_response(**answer, responseModels={JSON: "Pet"}, responseParameters={"method.response.header.x": True})
    client.get_method_response(**answer)
    client.update_method_response(**answer, patchOperations=patch(("add", "/responseParameters/method.response.header.y", "false")))
    client.put_integration(**method, type="HTTP", integrationHttpMethod="GET", uri="http://example.com", timeoutInMillis=100,
                           requestTemplates=MOCK_200, requestParameters={"integration.request.header.a": "'1'"},
                           cacheKeyParameters=["method.request.querystring.q"], contentHandling="CONVERT_TO_TEXT",
                           tlsConfig={"insecureSkipVerification": False})
    client.update_integration(**method, patchOperations=patch(("replace", "/timeoutInMillis", "200")))
    client.put_integration_response(**answer, selectionPattern="2..", contentHandling="CONVERT_TO_TEXT",
                                    responseParameters={"method.response.header.x": "'1'"}, responseTemplates={JSON: "x"})
    client.get_integration_response(**answer)
    client.update_integration_response(**answer, patchOperations=patch(("replace", "/selectionPattern", "20.")))
    client.get_integration(**method)
    client.get_method(**method)
    client.update_method(**method, patchOperations=patch(("replace", "/operationName", "Do")))
    client.get_resource(**resource, embed=["methods"])
    client.get_resources(**api, embed=["methods"])
    kind = {**api, "responseType": "THROTTLED"}
    client.put_gateway_response(**kind, statusCode="420", responseTemplates={JSON: "{}"},
                                responseParameters={"gatewayresponse.header.a": "'1'"})
    client.get_gateway_response(**kind)
    client.get_gateway_responses(**api)
    client.update_gateway_response(**kind, patchOperations=patch(("replace", "/statusCode", "421")))
    deployment = client.create_deployment(**api, stageName="dev", description="d", stageDescription="s", variables={"v": "1"},
                                          tracingEnabled=True, cacheClusterEnabled=True, cacheClusterSize="0.5")["id"]
    deployed = {**api, "deploymentId": deployment}
    client.get_deployments(**api)
    client.get_deployment(**deployed, embed=["apisummary"])
    client.update_deployment(**deployed, patchOperations=patch(("replace", "/description", "e")))
    client.create_stage(**api, stageName="prod", deploymentId=deployment, tags={"t": "1"}, documentationVersion="1",
                        canarySettings={"percentTraffic": 10.0, "stageVariableOverrides": {"v": "2"}})
    stage = {**api, "stageName": "prod"}
    client.update_stage(**stage, patchOperations=patch(
        ("replace", "/*/*/throttling/rateLimit", "5"), ("replace", "/*/*/caching/ttlInSeconds", "5"),
        ("replace", "/accessLogSettings/format", "$context.requestId")))
    client.get_stage(**stage)
    client.get_stages(**api)
    client.test_invoke_method(**method, body="{}", multiValueHeaders={"a": ["1", "2"]}, stageVariables={"v": "1"})
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{own.id}"
    client.tag_resource(resourceArn=arn, tags={"a": "1"})
    client.get_tags(resourceArn=arn)
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    for delete, members in [
        (client.delete_integration_response, answer), (client.delete_integration, method),
        (client.delete_method_response, answer), (client.delete_method, method), (client.delete_resource, resource),
        (client.delete_gateway_response, kind), (client.delete_model, model), (client.delete_request_validator, validator),
        (client.delete_stage, stage), (client.delete_stage, {**api, "stageName": "dev"}),
        (client.delete_deployment, deployed), (client.delete_rest_api, api),
    ]:
        delete(**members)
    assert sorted(called) == sorted(OPERATIONS), "every operation of the table is held to its shape"


def made(own: Api, what: str, count: int):
    """So many things of a kind, and the call that lists them with its names."""
    client, api = own.client, {"restApiId": own.id}
    for number in range(count):
        if what == "resources":
            client.create_resource(**api, parentId=own.root, pathPart=f"r{number}")
        elif what == "models":
            client.create_model(**api, name=f"M{number}", contentType=JSON, schema='{"type": "object"}')
        elif what == "request_validators":
            client.create_request_validator(**api, name=f"v{number}")
        elif what == "deployments":
            own.mock("GET", f"/d{number}")
            client.create_deployment(**api)
    return getattr(client, f"get_{what}")


@pytest.mark.parametrize(("what", "name", "total"), [
    ("resources", "path", 6), ("models", "name", 7), ("request_validators", "name", 5), ("deployments", "id", 5),
    ("gateway_responses", "responseType", 21),
])
@pytest.mark.parametrize("limit", [1, 2, 500])
def test_lists_come_in_pages_without_gap_or_double(server, what, name, total, limit):
    own = Api(server)
    call, found, position, pages = made(own, what, 5), [], {}, 0
    whole = [item[name] for item in call(restApiId=own.id, limit=500)["items"]]
    while True:
        page = call(restApiId=own.id, limit=limit, **position)
        pages += 1
        assert len(page["items"]) <= limit
        found += [item[name] for item in page["items"]]
        if "position" not in page:
            break
        position = {"position": page["position"]}
    assert found == whole and len(set(found)) == total
    assert pages == -(-total // limit)


@pytest.mark.parametrize("what", ["resources", "models", "request_validators", "deployments", "gateway_responses"])
def test_a_position_that_none_gave_is_refused(server, refused, what):
    own = Api(server)
    found = refused(getattr(own.client, f"get_{what}"), restApiId=own.id, position="!!")
    assert found.code == "BadRequestException", found


# what is changed, how -> the error; none if it may be
PATCHES = [
    ("integration", ("replace", "/uri", "http://example.org"), None),
    ("integration", ("replace", "/timeoutInMillis", "40"), "Timeout should be between 50 ms and 29000 ms"),
    ("integration", ("replace", "/nothing", "x"), "Invalid patch path"),
    ("integration", ("add", "/requestTemplates/text~1xml", "x"), None),
    ("integration", ("replace", "/requestTemplates/text~1css", "x"), "Content-Type specified was not found"),
    ("integration", ("remove", "/requestParameters/integration.request.header.none", None), "Invalid parameter name specified"),
    ("integration_response", ("replace", "/selectionPattern", "("), "selection pattern"),
    ("integration_response", ("replace", "/selectionPattern", "4.."), None),
    ("integration_response", ("replace", "/nothing", "x"), "Invalid patch path"),
    ("integration_response", ("add", "/responseTemplates/text~1xml", "#if("), "Invalid mapping template for `text/xml`"),
    ("method_response", ("add", "/responseParameters/method.response.header.a", "true"), None),
    ("method_response", ("add", "/responseParameters/nonsense", "true"), "Invalid mapping expression parameter specified: nonsense"),
    ("method_response", ("add", "/responseModels/text~1xml", "Nobody"), "Invalid model identifier specified: Nobody"),
    ("method_response", ("replace", "/statusCode", "201"), "Invalid patch path"),
    ("resource", ("replace", "/path", "/x"), "Invalid patch path"),
    ("resource", ("replace", "/pathPart", "a b"), ""),
    ("deployment", ("replace", "/description", "x"), None),
    ("deployment", ("replace", "/id", "x"), "Invalid patch path"),
    ("request_validator", ("replace", "/id", "x"), "Invalid patch path"),
    ("model", ("replace", "/schema", "{nope"), "Invalid model specified"),
    ("rest_api", ("replace", "/id", "x"), "Invalid patch path"),
    ("gateway_response", ("replace", "/statusCode", "99"), ""),
]


@pytest.mark.parametrize(("what", "operation", "message"), PATCHES)
def test_patches_are_held_to_their_paths(server, refused, what, operation, message):
    own = Api(server)
    client, api = own.client, {"restApiId": own.id}
    method = own.mock("GET", "/pets", "x")
    answer = {**method, "statusCode": "200"}
    places = {
        "integration": lambda: method, "integration_response": lambda: answer, "method_response": lambda: answer,
        "resource": lambda: {**api, "resourceId": own.resource("/pets")}, "rest_api": lambda: api,
        "deployment": lambda: {**api, "deploymentId": client.create_deployment(**api)["id"]},
        "request_validator": lambda: {**api, "requestValidatorId": client.create_request_validator(**api, name="v")["id"]},
        "model": lambda: {**api, "modelName": "Empty"}, "gateway_response": lambda: {**api, "responseType": "THROTTLED"},
    }
    place, update, show = places[what](), getattr(client, f"update_{what}"), getattr(client, f"get_{what}")
    if what == "integration":
        client.put_integration(**method, type="HTTP", integrationHttpMethod="GET", uri="http://example.com")
    before = {k: v for k, v in show(**place).items() if k != "ResponseMetadata"}
    change = {k: v for k, v in patch(operation)[0].items() if v is not None}
    if message is None:
        update(**place, patchOperations=[change])
        assert {k: v for k, v in show(**place).items() if k != "ResponseMetadata"} != before
        return
    found = refused(update, **place, patchOperations=[change])
    gone = message in ("Content-Type specified was not found", "Invalid parameter name specified")
    assert found.code == ("NotFoundException" if gone else "BadRequestException") and message in found.message, found
    assert {k: v for k, v in show(**place).items() if k != "ResponseMetadata"} == before


def test_a_model_stands_for_a_template_with_all_it_refers_to(server):
    own = Api(server)
    api = {"restApiId": own.id}
    own.client.create_model(**api, name="Pet", contentType=JSON, schema=json.dumps(
        {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}))
    refers = {"$ref": f"https://apigateway.amazonaws.com/restapis/{own.id}/models/Pet"}
    own.client.create_model(**api, name="Pets", contentType=JSON, schema=json.dumps(
        {"type": "object", "properties": {"pets": {"type": "array", "items": refers}, "total": {"type": "number"}}}))
    template = own.client.get_model_template(**api, modelName="Pets")["value"]
    own.mock("POST", "/", template, request="{statusCode: 200}")
    place = {**api, "resourceId": own.root, "httpMethod": "POST"}
    own.client.update_integration_response(**place, statusCode="200", patchOperations=patch(
        ("replace", "/responseTemplates/application~1json", template)))
    assert template.startswith("#set($inputRoot = $input.path('$'))\n{\n")
    assert '"name" : "$elem1.name"' in template and '"total" : $inputRoot.total' in template


def test_models_that_go_in_circles_stand_for_a_template_that_ends(server):
    own = Api(server)
    models = f"https://apigateway.amazonaws.com/restapis/{own.id}/models"
    endless = {"type": "object", "properties": {name: {"$ref": f"{models}/{of}"} for name, of in (
        ("Leaf", "Leaf"), ("a", "Endless"), ("b", "Endless"), ("c", "Endless"))}}
    for name, schema in (("Leaf", {"type": "object", "properties": {"id": {"type": "string"}}}), ("Endless", endless)):
        own.client.create_model(restApiId=own.id, name=name, contentType=JSON, schema=json.dumps(schema))
    template = own.client.get_model_template(restApiId=own.id, modelName="Endless")["value"]
    assert '"id" : "$inputRoot.Leaf.id"' in template and 64 * 1024 < len(template) < 4 * 64 * 1024
    own.mock("POST", "/", template)
