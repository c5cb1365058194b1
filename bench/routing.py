"""Deploys a REST API of so many resources, with nothing behind them but a mock: `routing.py COUNT`.

Beside the root they are of three levels, `/shop-N`, `/shop-N/{id}` and `/shop-N/{id}/items`, and the last
has the method. Those that are left over have none.
"""

import sys

import boto3

STAGE = "dev"
OK = '{"statusCode": 200}'


def main(count):
    gateway = boto3.client("apigateway")
    api = gateway.create_rest_api(name=f"routing-{count}")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    shops, left_over = divmod(count - 1, 3)
    for number in range(left_over):
        gateway.create_resource(restApiId=api, parentId=root, pathPart=f"empty-{number}")
    for number in range(shops):
        parent = root
        for part in (f"shop-{number}", "{id}", "items"):
            made = gateway.create_resource(restApiId=api, parentId=parent, pathPart=part)
            parent = made["id"]
        put_mock(gateway, {"restApiId": api, "resourceId": parent, "httpMethod": "GET"})
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    print(api)


def put_mock(gateway, method):
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": OK})
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(**method, statusCode="200")


if __name__ == "__main__":
    main(int(sys.argv[1]))
