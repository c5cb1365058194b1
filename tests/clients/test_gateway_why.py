"""`clary why` for calls of REST APIs: each phase, what was applied, what stands behind."""

import pytest
from botocore.exceptions import ClientError

from artifacts import leaf
from gateways import ROLE, api, backend, clary, closed, gateway_server, why  # noqa: F401
from rest_apis import JSON, MOCK_200, Api, raw, send

# Nothing is to be authorised, admitted or validated.
WHOLE_WAY = ["match", "body", "request-mapping", "integration", "response-mapping"]


def phases(told: dict) -> list[str]:
    return [phase["phase"] for phase in told["phases"]]


def told_of(server, called) -> dict:
    """The same by both ids that the client got."""
    told = why(server, called.headers["x-amzn-requestid"])
    by_extended = why(server, called.headers["x-amz-apigw-id"])
    assert by_extended["request_id"] == told["request_id"] == called.headers["x-amzn-requestid"]
    assert told["status"] == called.status and told["service"] == "execute-api"
    return told


@pytest.fixture
def forest(gateway_server, deploy_to, fresh):
    """An endpoint of a model that always answers 1.5, behind `POST /predict/{id}`."""
    name = fresh("forest")
    deploy_to(gateway_server)(name, {"xgboost-model": leaf(1.5)})
    own = Api(gateway_server)
    own.method("POST", "/predict/{id}", {
        "type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE,
        "uri": f"arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/{name}/invocations",
        "requestParameters": {"integration.request.header.Content-Type": "'text/csv'"},
        "requestTemplates": {JSON: "$input.path('$.row')"},
    }, {
        "200": {"responseTemplates": {JSON: '{"answer": $input.json("$")}'}},
        "400": {"selectionPattern": r"4\d{2}", "responseTemplates": {"application/xml": "<e/>"}},
    })
    own.deploy()
    return name, own


def test_a_model_behind_a_method_is_told_from_end_to_end(gateway_server, forest):
    name, own = forest
    called = own.call("POST", "/predict/7?x=1", b'{"row": 1}', Content_Type=JSON)
    assert called.status == 200, called.text
    told = told_of(gateway_server, called)
    assert (told["operation"], told["resource"], told["error"]) == ("POST", "/predict/7", None)
    assert phases(told) == WHOLE_WAY
    assert 0 < sum(phase["us"] for phase in told["phases"]) <= told["us"] + 0.1 * len(WHOLE_WAY)
    gateway = told["gateway"]
    inner = gateway.pop("call")
    assert gateway == {
        "extended_request_id": called.headers["x-amz-apigw-id"], "api": own.id, "stage": "dev",
        "resource": "/predict/{id}", "integration": "AWS", "answered": 200,
        "target": f"arn:aws:apigateway:us-east-1:runtime.sagemaker:path/endpoints/{name}/invocations",
        "request_template": JSON, "response_template": JSON,
    }
    assert (inner["operation"], inner["resource"], inner["variant"], inner["model"]) == (
        "InvokeEndpoint", name, "AllTraffic", name)
    assert phases(inner) == ["route", "model"] and inner["us"] <= told["us"]


def test_a_models_error_is_told_where_it_was_and_where_it_went(gateway_server, forest):
    name, own = forest
    called = own.call("POST", "/predict/7", b'{"row": "no number"}', Content_Type=JSON)
    assert called.status == 400
    told = told_of(gateway_server, called)
    error, inner = told["error"], told["gateway"]["call"]
    assert (error["code"], error["phase"], error["fault_of"]) == ("INTEGRATION_ERROR", "integration", "model")
    assert (inner["status"], inner["error"]["code"]) == (424, "ModelError")
    assert told["gateway"]["response_template"] == "application/xml"
    text = clary(gateway_server, "why", called.headers["x-amzn-requestid"]).stdout
    assert f"api       {own.id}, stage dev, resource /predict/{{id}}" in text
    assert "mapped    by the request template application/json" in text
    assert f"inside    sagemaker-runtime InvokeEndpoint {name}, " in text


def test_s3_behind_a_method_has_its_operation(gateway_server, api, fresh):
    bucket = fresh("why")
    gateway_server.client("s3").create_bucket(Bucket=bucket)
    api.method("GET", "/o", {"type": "AWS", "integrationHttpMethod": "GET", "credentials": ROLE,
                             "uri": f"arn:aws:apigateway:us-east-1:s3:path/{bucket}/key"})
    api.deploy()
    inner = told_of(gateway_server, api.call("GET", "/o"))["gateway"]["call"]
    assert (inner["operation"], inner["resource"], inner["error"]["code"]) == (
        "GetObject", f"/{bucket}/key", "NoSuchKey")


def test_an_http_backend_is_named_and_its_ids_are_its_own(gateway_server, api, backend):
    api.method("GET", "/{proxy+}", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET",
                                    "uri": f"http://{backend.address}/{{proxy}}",
                                    "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"}},
               {}, requestParameters={"method.request.path.proxy": True})
    api.deploy()
    gateway = told_of(gateway_server, api.call("GET", "/a/b?secret=1"))["gateway"]
    assert (gateway["integration"], gateway["target"], gateway["answered"], gateway["call"]) == (
        "HTTP_PROXY", f"http://{backend.address}/a/b", 200, None)


# path called, how -> phase, kind of refusal, whose fault
REFUSED = [
    ("/nowhere", {}, "match", "MISSING_AUTHENTICATION_TOKEN", "caller"),
    ("/mock/%zz", {}, "match", "BAD_REQUEST_PARAMETERS", "caller"),
    ("/signed", {}, "authorise", "MISSING_AUTHENTICATION_TOKEN", "caller"),
    ("/keyed", {}, "admit", "INVALID_API_KEY", "caller"),
    ("/checked", {}, "validate", "BAD_REQUEST_PARAMETERS", "caller"),
    ("/checked?q=1", {"body": b"[]"}, "validate", "BAD_REQUEST_BODY", "caller"),
    ("/never", {"Content_Type": "text/csv"}, "request-mapping", "UNSUPPORTED_MEDIA_TYPE", "caller"),
    ("/fails", {}, "request-mapping", "API_CONFIGURATION_ERROR", "author"),
    ("/gone", {}, "integration", "INTEGRATION_FAILURE", "model"),
    ("/unmapped", {}, "response-mapping", "API_CONFIGURATION_ERROR", "author"),
    ("/broken", {}, "response-mapping", "API_CONFIGURATION_ERROR", "author"),
]


@pytest.fixture(scope="module")
def refusing(gateway_server, closed):
    """An API that refuses in every phase."""
    own = Api(gateway_server)
    validator = own.client.create_request_validator(
        restApiId=own.id, name="v", validateRequestBody=True, validateRequestParameters=True)["id"]
    own.client.create_model(restApiId=own.id, name="Thing", contentType=JSON, schema='{"type": "object"}')
    own.mock("ANY", "/mock")
    own.mock("ANY", "/signed", authorizationType="AWS_IAM")
    own.mock("ANY", "/keyed", apiKeyRequired=True)
    own.mock("ANY", "/checked", requestValidatorId=validator, requestModels={JSON: "Thing"},
             requestParameters={"method.request.querystring.q": True})
    own.method("ANY", "/never", {"type": "MOCK", "requestTemplates": MOCK_200, "passthroughBehavior": "NEVER"})
    own.mock("ANY", "/fails", request="$util.base64Decode('*')")
    own.method("ANY", "/unmapped", {"type": "MOCK", "requestTemplates": MOCK_200}, {"400": {"selectionPattern": "4.."}})
    own.mock("ANY", "/broken", "$util.base64Decode('*')")
    own.method("ANY", "/gone", {"type": "HTTP", "integrationHttpMethod": "GET", "uri": f"http://{closed}/"})
    own.deploy()
    return own


@pytest.mark.parametrize(("path", "how", "phase", "code", "fault_of"), REFUSED)
def test_each_phase_that_refuses_is_named(gateway_server, refusing, path, how, phase, code, fault_of):
    body = how.get("body", b"")
    headers = {name: value for name, value in how.items() if name != "body"}
    told = told_of(gateway_server, refusing.call("POST", path, body, **headers))
    error = told["error"]
    assert (error["phase"], error["code"], error["fault_of"]) == (phase, code, fault_of), error
    assert phases(told)[-2:] == [phase, "gateway-response"]
    assert told["gateway"]["api"] == refusing.id


def test_what_the_caller_is_not_told_is_told_here(gateway_server, refusing):
    called = refusing.call("POST", "/fails")
    assert called.json() == {"message": "Internal server error"}
    error = told_of(gateway_server, called)["error"]
    assert "Unable to transform request" in error["message"] and "base64Decode" in error["message"]


def test_the_key_of_a_refused_signature_is_told(gateway_server, refusing):
    called = refusing.signed("GET", "/signed", secret="another secret")
    told = told_of(gateway_server, called)
    assert told["access_key_id"] == "AKIDCLIENTSCENARIOS0"
    assert (told["error"]["phase"], told["error"]["code"]) == ("authorise", "INVALID_SIGNATURE")


def test_an_api_that_is_not_there_is_told(gateway_server):
    called = send(gateway_server.gateway, "GET", "/nothing/here", b"", {})
    told = told_of(gateway_server, called)
    assert (told["resource"], told["gateway"]["api"], told["error"]["phase"]) == ("/nothing/here", None, "match")


def test_calls_that_are_too_many_are_told(start_server):
    own = start_server("--limit", "calls-per-second-per-client=1", ephemeral=True)
    path = "/restapis/a/dev/_user_request_/x"
    called = next(c for _ in range(50) if (c := send(own.gateway, "GET", path, b"", {})).status == 429)
    assert called.json() == {"message": "Too Many Requests"} and called.headers["retry-after"]
    error = why(own, called.headers["x-amzn-requestid"])["error"]
    assert (error["phase"], error["code"]) == ("admit", "THROTTLED")
    found = next(f for _ in range(50) if (f := attempt(own)) is not None)
    error = why(own, found["RequestId"])["error"]
    assert (error["phase"], error["code"]) == ("admit", "ThrottlingException")


def attempt(server):
    """The metadata of a call, if it was one too many."""
    try:
        server.client("sagemaker").list_models()
    except ClientError as error:
        return error.response["ResponseMetadata"]
    return None


@pytest.mark.parametrize("door", ["api", "gateway"])
@pytest.mark.parametrize(("head", "status", "code"), [
    (b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 99_000 + b"\r\n\r\n", 431, "RequestHeaderSectionTooLarge"),
    (b"not http at all\r\n\r\n", 400, "BadRequest"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, None),
])
def test_refused_heads_are_told(gateway_server, door, head, status, code):
    answer = raw(getattr(gateway_server, door), head)
    lines = answer.split(b"\r\n\r\n")[0].decode().lower().splitlines()
    request_id = next(line.split(": ")[1] for line in lines if line.startswith("x-amzn-requestid"))
    told = why(gateway_server, request_id)
    assert (told["status"], told["error"]["phase"], told["error"]["fault_of"]) == (status, "head", "caller")
    expect = code or ("BAD_REQUEST_PARAMETERS" if door == "gateway" else "BadRequest")
    assert told["error"]["code"] == expect


def test_s3_operations_have_their_names(server, s3, fresh, refused):
    bucket = fresh("names")
    calls = [
        ("CreateBucket", s3.create_bucket, {}), ("HeadBucket", s3.head_bucket, {}),
        ("PutObject", s3.put_object, {"Key": "k", "Body": b"x"}), ("GetObject", s3.get_object, {"Key": "k"}),
        ("CopyObject", s3.copy_object, {"Key": "c", "CopySource": f"{bucket}/k"}),
        ("ListObjectsV2", s3.list_objects_v2, {}), ("ListObjects", s3.list_objects, {}),
        ("DeleteObjects", s3.delete_objects, {"Delete": {"Objects": [{"Key": "c"}]}}),
        ("DeleteObject", s3.delete_object, {"Key": "k"}), ("GetBucketLocation", s3.get_bucket_location, {}),
    ]
    for name, call, members in calls:
        reply = call(Bucket=bucket, **members)["ResponseMetadata"]
        told = why(server, reply["HTTPHeaders"]["x-amz-request-id"])
        assert (told["service"], told["operation"]) == ("s3", name)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m")
    part = s3.upload_part(Bucket=bucket, Key="m", PartNumber=1, UploadId=upload["UploadId"], Body=b"x")
    names = [why(server, r["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"])["operation"] for r in (upload, part)]
    assert names == ["CreateMultipartUpload", "UploadPart"]
    stranger = server.client("s3", key_id="AKIDNOBODY0000000000")
    error = refused(stranger.list_buckets)
    told = why(server, error.body["ResponseMetadata"]["RequestId"])
    assert (told["operation"], told["error"]["phase"]) == ("ListBuckets", "signature")


def test_control_plane_calls_name_the_place(server, refused):
    client = server.client("apigateway")
    own = Api(server)

    def resource_of(reply):
        return why(server, reply["ResponseMetadata"]["RequestId"])["resource"]

    assert resource_of(client.create_rest_api(name="named")) == "named"
    assert resource_of(client.get_rest_api(restApiId=own.id)) == own.id
    place = {"restApiId": own.id, "resourceId": own.root, "httpMethod": "GET"}
    assert resource_of(client.put_method(**place, authorizationType="NONE")) == f"{own.id}/{own.root}/GET"
    assert resource_of(client.put_method_response(**place, statusCode="200")) == f"{own.id}/{own.root}/GET/200"
    error = refused(client.get_stage, restApiId=own.id, stageName="prod")
    assert resource_of(error.body) == f"{own.id}/prod"
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{own.id}"
    assert resource_of(client.get_tags(resourceArn=arn)) == arn


def test_the_last_requests_list_those_of_rest_apis(gateway_server, refusing):
    refusing.call("POST", "/nowhere")
    (last,) = why(gateway_server, "--limit", "1", "--failed")["requests"]
    assert (last["service"], last["resource"]) == ("execute-api", "/nowhere")
