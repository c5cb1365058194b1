"""Deploys the movie model and puts the REST API in front of it, with boto3 alone.

    eval "$(clary env)"
    python examples/movie-ratings/deploy.py

On AWS the same calls do the same (with a role that may read the bucket, and one that lets API Gateway
invoke the endpoint).
"""

import io
import pathlib
import tarfile

import boto3

HERE = pathlib.Path(__file__).parent
NAME = "movie-ratings"
BUCKET = "movie-ratings-example"
IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/object2vec:1"
STAGE = "dev"


def main():
    account = boto3.client("sts").get_caller_identity()["Account"]
    role = f"arn:aws:iam::{account}:role/movie-ratings"
    deploy_model(role)
    api = create_api(role)
    boto3.client("apigateway").create_deployment(restApiId=api, stageName=STAGE)
    print(f"REST API {api}, stage {STAGE}")
    return api


def deploy_model(role):
    """An endpoint that answers with the ratings of user and movie pairs."""
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=model_archive())
    sagemaker.create_model(
        ModelName=NAME,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": NAME,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def model_archive():
    """`model.tar.gz` with the network at its top level."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in sorted((HERE / "model").iterdir()):
            archive.add(file, arcname=file.name)
    return packed.getvalue()


def create_api(role):
    """`GET /predicted-ratings/{user_id}?items=1,2,3`, mapped to the endpoint and back."""
    gateway = boto3.client("apigateway")
    api = gateway.create_rest_api(name=NAME)["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    ratings = gateway.create_resource(restApiId=api, parentId=root, pathPart="predicted-ratings")
    user = gateway.create_resource(restApiId=api, parentId=ratings["id"], pathPart="{user_id}")
    method = {"restApiId": api, "resourceId": user["id"], "httpMethod": "GET"}
    put_method(gateway, method)
    region = gateway.meta.region_name
    gateway.put_integration(
        **method,
        type="AWS",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:runtime.sagemaker:path//endpoints/{NAME}/invocations",
        credentials=role,
        passthroughBehavior="NEVER",
        requestTemplates={"application/json": template("request.vtl")},
    )
    put_answers(gateway, method)
    return api


def put_method(gateway, method):
    """Nobody has to sign; `items` has to be there, or the gateway itself answers 400."""
    validator = gateway.create_request_validator(
        restApiId=method["restApiId"], name="parameters", validateRequestParameters=True
    )
    gateway.put_method(
        **method,
        authorizationType="NONE",
        requestValidatorId=validator["id"],
        requestParameters={
            "method.request.path.user_id": True,
            "method.request.querystring.items": True,
        },
    )


def put_answers(gateway, method):
    """Ratings for 200; what the model says is wrong, such as an unknown user, is the caller's 400."""
    answers = [("200", {}, "response.vtl"), ("400", {"selectionPattern": "4\\d{2}"}, "error.vtl")]
    for status, selection, name in answers:
        gateway.put_method_response(**method, statusCode=status)
        gateway.put_integration_response(
            **method,
            statusCode=status,
            responseTemplates={"application/json": template(name)},
            **selection,
        )


def template(name):
    return (HERE / "api" / name).read_text()


if __name__ == "__main__":
    main()
