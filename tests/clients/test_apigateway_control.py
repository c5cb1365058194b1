"""API Gateway's control plane through boto3: what it takes, keeps, shows and refuses.

Texts of errors are those that the service was seen to give.
"""

import json

import pytest

from rest_apis import JSON, Api


@pytest.fixture(scope="module")
def apigw(server):
    return server.client("apigateway")


@pytest.fixture
def api(server):
    return Api(server)


def shown(reply: dict) -> dict:
    return {k: v for k, v in reply.items() if k != "ResponseMetadata"}


def patch(*operations):
    return [dict(zip(("op", "path", "value"), operation)) for operation in operations]


def test_an_api_shows_the_members_that_aws_shows(apigw):
    made = apigw.create_rest_api(name="shop", description="a shop", tags={"team": "a"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert set(shown(made)) == {
        "id", "name", "description", "createdDate", "apiKeySource", "endpointConfiguration", "tags",
        "disableExecuteApiEndpoint", "rootResourceId",
    }
    assert made["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    assert made["apiKeySource"] == "HEADER" and made["tags"] == {"team": "a"}
    assert shown(apigw.get_rest_api(restApiId=made["id"])) == shown(made)


def test_apis_are_listed_in_pages_and_deleted_whole(apigw, refused):
    ids = [apigw.create_rest_api(name=f"page-{n}")["id"] for n in range(3)]
    pages = apigw.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 2})
    listed = [api["id"] for page in pages for api in page["items"]]
    assert [api for api in listed if api in ids] == ids
    assert apigw.delete_rest_api(restApiId=ids[0])["ResponseMetadata"]["HTTPStatusCode"] == 202
    gone = refused(apigw.get_rest_api, restApiId=ids[0])
    assert (gone.status, gone.code) == (404, "NotFoundException")
    assert gone.message == f"Invalid API identifier specified 000000000000:{ids[0]}"


@pytest.mark.parametrize(("operations", "expect"), [
    ([("replace", "/name", "b")], {"name": "b"}),
    ([("replace", "/description", "text")], {"description": "text"}),
    ([("add", "/binaryMediaTypes/image~1png"), ("add", "/binaryMediaTypes/image~1gif")],
     {"binaryMediaTypes": ["image/png", "image/gif"]}),
    ([("replace", "/minimumCompressionSize", "10")], {"minimumCompressionSize": 10}),
    ([("replace", "/disableExecuteApiEndpoint", "true")], {"disableExecuteApiEndpoint": True}),
    ([("replace", "/endpointConfiguration/types/EDGE", "REGIONAL")],
     {"endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"}}),
])
def test_an_api_is_changed_by_patch(apigw, api, operations, expect):
    changed = apigw.update_rest_api(restApiId=api.id, patchOperations=patch(*operations))
    assert {name: changed[name] for name in expect} == expect
    assert shown(apigw.get_rest_api(restApiId=api.id)) == shown(changed)


@pytest.mark.parametrize(("operation", "message"), [
    (("add", "/binaryMediaTypes", "x"), "Invalid patch path /binaryMediaTypes"),
    (("add", "/minimumCompressionSize", "1"), "Invalid patch operation specified. Must be one of: [replace]"),
    (("replace", "/minimumCompressionSize", "x"),
     "Invalid minimum compression size, must be between 0 and 10485760"),
    (("replace", "/minimumCompressionSize", "-1"),
     "Invalid minimum compression size, must be between 0 and 10485760"),
    (("replace", "/endpointConfiguration/ipAddressType", "x"), "ipAddressType must be either ipv4 or dualstack."),
    (("replace", "/endpointConfiguration/types/EDGE", "x"),
     "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
])
def test_a_patch_that_is_not_legal_is_refused(apigw, api, refused, operation, message):
    found = refused(apigw.update_rest_api, restApiId=api.id, patchOperations=patch(operation))
    assert (found.code, found.message) == ("BadRequestException", message)


def test_what_is_not_served_says_so(apigw, refused, api):
    found = refused(apigw.create_rest_api, name="x", policy="{}")
    assert (found.status, found.code) == (501, "NotImplemented")
    found = refused(apigw.update_rest_api, restApiId=api.id, patchOperations=patch(("replace", "/policy", "{}")))
    assert (found.status, found.code) == (501, "NotImplemented")
    assert refused(apigw.get_api_keys).code in ("NotImplemented", "")


def test_resources_form_a_tree_that_can_be_moved(apigw, api, refused):
    pets = apigw.create_resource(restApiId=api.id, parentId=api.root, pathPart="pets")
    assert shown(pets) == {"id": pets["id"], "parentId": api.root, "pathPart": "pets", "path": "/pets"}
    one = apigw.create_resource(restApiId=api.id, parentId=pets["id"], pathPart="{id}")
    toys = apigw.create_resource(restApiId=api.id, parentId=one["id"], pathPart="toys")
    apigw.update_resource(restApiId=api.id, resourceId=pets["id"], patchOperations=patch(("replace", "/pathPart", "dogs")))
    paths = [r["path"] for r in apigw.get_resources(restApiId=api.id)["items"]]
    assert paths == ["/", "/dogs", "/dogs/{id}", "/dogs/{id}/toys"]
    found = refused(apigw.update_resource, restApiId=api.id, resourceId=pets["id"],
                    patchOperations=patch(("replace", "/parentId", toys["id"])))
    assert found.message == "Resources cannot be cyclical."
    apigw.delete_resource(restApiId=api.id, resourceId=one["id"])
    assert [r["path"] for r in apigw.get_resources(restApiId=api.id)["items"]] == ["/", "/dogs"]
    gone = refused(apigw.get_resource, restApiId=api.id, resourceId=toys["id"])
    assert (gone.code, gone.message) == ("NotFoundException", "Invalid Resource identifier specified")


def test_siblings_and_greedy_parts_have_rules(apigw, api, refused):
    greedy = apigw.create_resource(restApiId=api.id, parentId=api.root, pathPart="{proxy+}")
    cases = [
        (api.root, "{id}", "BadRequestException",
         "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed"),
        (greedy["id"], "x", "BadRequestException",
         "Cannot create a child of a resource with a greedy path variable: {proxy+}"),
        (api.root, "{proxy+}", "ConflictException",
         "Another resource with the same parent already has this name: {proxy+}"),
        ("nobody", "x", "NotFoundException", "Invalid Resource identifier specified"),
    ]
    for parent, part, code, message in cases:
        found = refused(apigw.create_resource, restApiId=api.id, parentId=parent, pathPart=part)
        assert (found.code, found.message) == (code, message)


def test_resources_come_in_pages_with_their_methods(apigw, api):
    for n in range(4):
        api.mock("GET", f"/r{n}")
    first = apigw.get_resources(restApiId=api.id, limit=2, embed=["methods"])
    second = apigw.get_resources(restApiId=api.id, limit=3, position=first["position"])
    assert [r["path"] for r in first["items"] + second["items"]] == ["/", "/r0", "/r1", "/r2", "/r3"]
    assert first["items"][1]["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    assert second["items"][0]["resourceMethods"] == {"GET": {}}
    assert "position" not in second


def test_a_method_with_all_that_it_has(apigw, api):
    place = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "ANY"}
    made = apigw.put_method(**place, authorizationType="NONE",
                            requestParameters={"method.request.querystring.q": True})
    assert shown(made) == {
        "httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": False,
        "requestParameters": {"method.request.querystring.q": True},
    }
    integration = apigw.put_integration(**place, type="HTTP", integrationHttpMethod="POST", uri="http://example.com")
    assert shown(integration) == {
        "type": "HTTP", "httpMethod": "POST", "uri": "http://example.com", "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "cacheNamespace": api.root,
        "cacheKeyParameters": [],
    }
    apigw.put_method_response(**place, statusCode="200", responseParameters={"method.response.header.x": False})
    apigw.put_integration_response(**place, statusCode="200", selectionPattern=r"2\d{2}",
                                   responseParameters={"method.response.header.x": "'1'"})
    whole = apigw.get_method(**place)
    assert whole["methodResponses"]["200"]["responseParameters"] == {"method.response.header.x": False}
    assert whole["methodIntegration"]["integrationResponses"]["200"]["selectionPattern"] == r"2\d{2}"
    assert apigw.delete_method(**place)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_methods_are_held_to_their_rules(apigw, api, refused):
    place = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    cases = [
        ({"httpMethod": "FETCH"}, "BadRequestException",
         "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
        ({"authorizationType": "CUSTOM"}, "BadRequestException",
         "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
         "requires a valid authorizer."),
        ({"requestValidatorId": "none"}, "BadRequestException", "Invalid Request Validator identifier specified"),
        ({"requestModels": {JSON: "petModel"}}, "BadRequestException", "Invalid model identifier specified: petModel"),
        ({"resourceId": "none"}, "NotFoundException", "Invalid Resource identifier specified"),
        ({"requestParameters": {"method.request.querystring.a": True, "method.request.header.a": True}},
         "BadRequestException", "Parameter names must be unique across querystring, header and path"),
    ]
    for members, code, message in cases:
        found = refused(apigw.put_method, **{**place, "authorizationType": "NONE", **members})
        assert (found.code, found.message) == (code, message), members
    apigw.put_method(**place, authorizationType="NONE")
    found = refused(apigw.put_method, **place, authorizationType="NONE")
    assert (found.status, found.message) == (409, "Method already exists for this resource")


@pytest.mark.parametrize(("operation", "code", "message"), [
    (("add", "/apiKeyRequired", "true"), "BadRequestException",
     "Invalid patch operation specified. Must be one of: [replace]"),
    (("replace", "/httpMethod", "GET"), "BadRequestException", "Invalid patch path /httpMethod"),
    (("add", "/requestParameters", "x"), "BadRequestException", "Invalid patch path /requestParameters"),
    (("replace", "/requestModels/application/json", "Empty"), "BadRequestException",
     "Invalid patch path /requestModels/application/json"),
    (("replace", "/authorizationType", "CUSTOM"), "BadRequestException",
     "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
     "requires a valid authorizer."),
])
def test_a_methods_patch_is_held_to_its_paths(apigw, api, refused, operation, code, message):
    place = api.mock("ANY", "/")
    found = refused(apigw.update_method, **place, patchOperations=patch(operation))
    assert (found.code, found.message) == (code, message)


def test_a_method_is_changed_by_patch(apigw, api):
    place = api.mock("ANY", "/")
    changed = apigw.update_method(**place, patchOperations=patch(
        ("replace", "/authorizationType", "AWS_IAM"),
        ("replace", "/operationName", "Do"),
        ("add", "/requestParameters/method.request.querystring.q", "true"),
        ("add", "/requestModels/application~1json", "Empty"),
    ))
    assert changed["authorizationType"] == "AWS_IAM" and changed["operationName"] == "Do"
    assert changed["requestParameters"] == {"method.request.querystring.q": True}
    assert changed["requestModels"] == {JSON: "Empty"}


@pytest.mark.parametrize(("members", "message"), [
    ({"type": "HTTP", "uri": "http://example.com"}, "Enumeration value for HttpMethod must be non-empty"),
    ({"type": "HTTP", "integrationHttpMethod": "GET", "uri": "nowhere"}, "Invalid HTTP endpoint specified for URI"),
    ({"type": "AWS", "integrationHttpMethod": "POST", "uri": "nowhere"}, "Invalid ARN specified in the request"),
    ({"type": "AWS", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:s3:x/y"},
     "AWS ARN for integration must contain path or action"),
    ({"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": "arn:aws:apigateway:us-east-1:s3:path/b/k"},
     "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."),
    ({"type": "MOCK", "requestParameters": {"integration.request.path.p": "true"}},
     "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
     "[Invalid mapping expression specified: true]"),
    ({"type": "MOCK", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
])
def test_integrations_are_held_to_their_rules(apigw, api, refused, members, message):
    place = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    apigw.put_method(**place, authorizationType="NONE")
    found = refused(apigw.put_integration, **place, **members)
    assert (found.code, found.message) == ("BadRequestException", message)


def test_an_illegal_template_is_refused_with_its_place(apigw, api, refused):
    place = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    apigw.put_method(**place, authorizationType="NONE")
    template = '{"a": 1}\n#if($a'
    found = refused(apigw.put_integration, **place, type="MOCK", requestTemplates={JSON: template})
    assert found.code == "BadRequestException"
    assert found.message.startswith("Invalid mapping template for `application/json`") and "2" in found.message


def test_answers_need_a_method_response_for_their_headers(apigw, api, refused):
    place = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    apigw.put_method(**place, authorizationType="NONE")
    found = refused(apigw.put_integration_response, **place, statusCode="200")
    assert found.message == "Invalid Integration identifier specified"
    apigw.put_integration(**place, type="MOCK")
    found = refused(apigw.put_integration_response, **place, statusCode="200",
                    responseParameters={"method.response.header.x": "'1'"})
    assert found.message.endswith("errors : [No method response exists for method.]")
    found = refused(apigw.put_integration_response, **place, statusCode="200", selectionPattern="(")
    assert "selection pattern" in found.message


def test_models_are_schemas_by_name(apigw, api, refused):
    names = [model["name"] for model in apigw.get_models(restApiId=api.id)["items"]]
    assert names == ["Empty", "Error"]
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
    model = apigw.create_model(restApiId=api.id, name="Pet", contentType=JSON, schema=schema)
    assert set(shown(model)) == {"id", "name", "contentType", "schema"}
    template = apigw.get_model_template(restApiId=api.id, modelName="Pet")["value"]
    assert '"a" : "$inputRoot.a"' in template
    api.mock("POST", "/", requestModels={JSON: "Pet"})
    found = refused(apigw.delete_model, restApiId=api.id, modelName="Pet")
    assert found.message == "Cannot delete model 'Pet', is referenced in method request: //POST"
    cases = [
        ({"name": "Pet"}, "ConflictException", "Model name already exists for this REST API"),
        ({"name": ""}, "BadRequestException", "Model name must be non-empty"),
        ({"name": "X", "schema": ""}, "BadRequestException",
         "Model schema must have at least 1 property or array items defined"),
    ]
    for members, code, message in cases:
        found = refused(apigw.create_model, **{"restApiId": api.id, "contentType": JSON, "schema": schema, **members})
        assert (found.code, found.message) == (code, message)
    found = refused(apigw.update_model, restApiId=api.id, modelName="Pet",
                    patchOperations=patch(("replace", "/name", "x")))
    assert found.message == ("Invalid patch path  '/name' specified for op 'replace'. "
                             "Must be one of: [/description, /schema]")


def test_validators_live_and_go(apigw, api, refused):
    made = apigw.create_request_validator(restApiId=api.id, name="all", validateRequestBody=True)
    assert shown(made) == {"id": made["id"], "name": "all", "validateRequestBody": True,
                           "validateRequestParameters": False}
    place = {"restApiId": api.id, "requestValidatorId": made["id"]}
    changed = apigw.update_request_validator(**place, patchOperations=[{"op": "replace", "path": "/validateRequestBody"}])
    assert changed["validateRequestBody"] is False
    found = refused(apigw.update_request_validator, **place,
                    patchOperations=patch(("add", "/validateRequestBody", "true")))
    assert found.message == ("Invalid patch path  '/validateRequestBody' specified for op 'add'. "
                             "Please choose supported operations")
    apigw.delete_request_validator(**place)
    assert refused(apigw.get_request_validator, **place).message == "Invalid Request Validator identifier specified"


def test_gateway_responses_start_from_what_every_api_has(apigw, api, refused):
    place = {"restApiId": api.id, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    assert shown(apigw.get_gateway_response(**place)) == {
        "responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "403", "responseParameters": {},
        "responseTemplates": {JSON: '{"message":$context.error.messageString}'}, "defaultResponse": True,
    }
    assert len(apigw.get_gateway_responses(restApiId=api.id)["items"]) == 21
    assert refused(apigw.delete_gateway_response, **place).message == "Gateway response type not defined on api"
    put = apigw.put_gateway_response(**place, statusCode="404")
    assert put["defaultResponse"] is False and put["statusCode"] == "404"
    cases = [
        (("add", "/statusCode", "1"), "Invalid patch path /statusCode"),
        (("add", "/wrongPath", "1"), "Invalid patch path /wrongPath"),
        (("replace", "/responseParameters/x", "1"), "Invalid parameter name specified"),
        (("add", "/responseTemplates/a~1b", ""), "Invalid null or empty value in responseTemplates"),
    ]
    for operation, message in cases:
        found = refused(apigw.update_gateway_response, **place, patchOperations=patch(operation))
        assert found.message == message
    apigw.delete_gateway_response(**place)
    assert apigw.get_gateway_response(**place)["defaultResponse"] is True


def test_deployments_and_stages(apigw, api, refused):
    assert refused(apigw.create_deployment, restApiId=api.id).message == "The REST API doesn't contain any methods"
    api.mock("GET", "/pets")
    first = apigw.create_deployment(restApiId=api.id, description="one", stageName="dev", variables={"v": "1"})
    assert set(shown(first)) == {"id", "description", "createdDate"}
    stage = apigw.get_stage(restApiId=api.id, stageName="dev")
    assert set(shown(stage)) == {
        "stageName", "deploymentId", "createdDate", "lastUpdatedDate", "cacheClusterEnabled",
        "cacheClusterStatus", "methodSettings", "tracingEnabled", "variables",
    }
    assert stage["cacheClusterStatus"] == "NOT_AVAILABLE" and stage["variables"] == {"v": "1"}
    found = refused(apigw.delete_deployment, restApiId=api.id, deploymentId=first["id"])
    assert found.message == "Active stages pointing to this deployment must be moved or deleted"
    found = refused(apigw.create_stage, restApiId=api.id, stageName="dev", deploymentId=first["id"])
    assert (found.code, found.message) == ("ConflictException", "Stage already exists")
    found = refused(apigw.create_stage, restApiId=api.id, stageName="x", deploymentId="none")
    assert found.message == "Deployment id does not exist"
    summary = apigw.get_deployment(restApiId=api.id, deploymentId=first["id"], embed=["apisummary"])["apiSummary"]
    assert summary == {"/pets": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}
    apigw.delete_stage(restApiId=api.id, stageName="dev")
    apigw.delete_deployment(restApiId=api.id, deploymentId=first["id"])
    assert apigw.get_deployments(restApiId=api.id)["items"] == []


def test_a_stage_is_changed_by_patch(apigw, api, refused):
    api.mock("GET", "/")
    api.deploy("s1", stageDescription="my stage")
    place = {"restApiId": api.id, "stageName": "s1"}
    changed = apigw.update_stage(**place, patchOperations=patch(
        ("replace", "/description", "stage new"), ("replace", "/variables/var1", "test"),
        ("replace", "/tracingEnabled", "true"), ("replace", "/*/*/throttling/burstLimit", "123"),
        ("replace", "/~1test/GET/caching/enabled", "true"),
    ))
    assert changed["description"] == "stage new" and changed["variables"] == {"var1": "test"}
    assert changed["methodSettings"]["*/*"]["throttlingBurstLimit"] == 123
    assert changed["methodSettings"]["test/GET"]["cachingEnabled"] is True
    found = refused(apigw.update_stage, **place, patchOperations=patch(("replace", "/tags/tag1", "x")))
    assert found.message.startswith("Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, ")
    found = refused(apigw.update_stage, **place, patchOperations=patch(("remove", "/*/*x")))
    assert found.message == ("Cannot remove method setting */*x because there is no method setting for "
                             "this method ")
    found = refused(apigw.update_stage, **place, patchOperations=patch(("replace", "/deploymentId", "none")))
    assert found.message == "Deployment id does not exist"


def test_tags_of_apis_and_stages(apigw, api):
    api.mock("GET", "/")
    api.deploy()
    for arn in (f"arn:aws:apigateway:us-east-1::/restapis/{api.id}",
                f"arn:aws:apigateway:us-east-1::/restapis/{api.id}/stages/dev"):
        apigw.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        apigw.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert apigw.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
