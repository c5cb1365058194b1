"""What is acknowledged survives: restarts, kill -9, and nobody has to call for it to come back."""

import pytest

from artifacts import leaf
from server import Server, eventually

BIG = bytes(range(256)) * 4096


def ended_by_sigterm(server: Server) -> None:
    server.stop()


def ended_by_kill9(server: Server) -> None:
    server.kill9()


@pytest.mark.parametrize("end", [ended_by_sigterm, ended_by_kill9])
def test_endpoints_and_objects_come_back(start_server, deploy_to, end):
    server = start_server()
    deploy = deploy_to(server)
    deploy("kept", {"xgboost-model": leaf(6.5)})
    deploy.upload("data/big.bin", BIG)
    before = deploy.sm.describe_endpoint(EndpointName="kept")
    end(server)
    server.start()
    again = deploy_to(server)
    # The waiter only describes: nothing but the start itself brings the endpoint back.
    again.wait_in_service("kept")
    after = again.sm.describe_endpoint(EndpointName="kept")
    assert after["EndpointArn"] == before["EndpointArn"]
    assert after["CreationTime"] == before["CreationTime"]
    runtime = server.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName="kept", ContentType="text/csv", Body=b"1\n")
    assert float(answer["Body"].read()) == 6.5
    assert again.s3.get_object(Bucket="models", Key="data/big.bin")["Body"].read() == BIG
    assert server.running()


def test_an_endpoint_answers_once_the_ready_line_is_out_or_soon_after(start_server, deploy_to):
    server = start_server()
    deploy_to(server)("kept", {"xgboost-model": leaf(1.0)})
    server.kill9()
    server.start()
    runtime = server.client("sagemaker-runtime")

    def answered():
        try:
            return runtime.invoke_endpoint(
                EndpointName="kept", ContentType="text/csv", Body=b"1\n"
            )["Body"].read()
        except runtime.exceptions.ServiceUnavailable:
            return None

    assert float(eventually(answered)) == 1.0


def test_what_was_acknowledged_a_moment_before_kill9_is_there(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    model = deploy.model("m", {"xgboost-model": leaf(1.0)})
    deploy.config("c", {"AllTraffic": (model, 1.0)})
    deploy.sm.create_endpoint(EndpointName="e", EndpointConfigName="c")
    server.kill9()
    server.start()
    deploy_to(server).wait_in_service("e")


def test_a_deletion_that_was_acknowledged_is_finished_after_kill9(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    deploy("e", {"xgboost-model": leaf(1.0)})
    deploy.sm.delete_endpoint(EndpointName="e")
    server.kill9()
    server.start()
    again = deploy_to(server)
    again.wait_deleted("e")
    assert [m["ModelName"] for m in again.sm.list_models()["Models"]] == ["e"]


def test_a_failed_endpoint_stays_failed(start_server, deploy_to):
    server = start_server()
    deploy = deploy_to(server)
    model = deploy.model("bad", {"xgboost-model": b"no model"})
    deploy.endpoint("bad", deploy.config("bad", {"AllTraffic": (model, 1.0)}), wait=False)

    def status(client):
        return client.describe_endpoint(EndpointName="bad")

    eventually(lambda: status(deploy.sm)["EndpointStatus"] == "Failed")
    reason = status(deploy.sm)["FailureReason"]
    server.restart()
    again = status(server.client("sagemaker"))
    assert (again["EndpointStatus"], again["FailureReason"]) == ("Failed", reason)


def test_five_kills_in_a_row_lose_nothing(start_server, deploy_to):
    server = start_server()
    for turn in range(5):
        deploy = deploy_to(server)
        deploy.upload(f"turn-{turn}", str(turn).encode())
        server.kill9()
        server.start()
    s3 = server.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="models")["Contents"]]
    assert keys == [f"turn-{turn}" for turn in range(5)]


def test_a_data_directory_serves_one_server_at_a_time(start_server):
    server = start_server()
    with pytest.raises(AssertionError, match="in use by another"):
        Server(server.data_dir).start()
    assert server.running()
