"""Who calls: STS and IAM through boto3 and the AWS CLI, and their errors in XML."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest

from server import ACCOUNT, CLIENT_CONFIG, KEY_ID, REGION, SECRET

ROOT = {"UserId": ACCOUNT, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.fixture(scope="module")
def sts(server):
    """The shared server's STS client."""
    return server.client("sts")


@pytest.fixture(scope="module")
def iam(server):
    """The shared server's IAM client."""
    return server.client("iam")


def elsewhere(server, service: str):
    """A client that signs for another region than the shared server's."""
    return boto3.client(
        service,
        endpoint_url=server.api,
        region_name="eu-west-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=CLIENT_CONFIG,
    )


def test_the_root_key_is_its_account(sts):
    identity = sts.get_caller_identity()
    metadata = identity.pop("ResponseMetadata")
    assert identity == ROOT
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amzn-requestid"]


def test_another_account_is_its_own(start_server):
    server = start_server("--account", "123456789012", "--region", "eu-west-1")
    sts = elsewhere(server, "sts")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"


def test_the_cli_says_who_calls(server, tmp_path):
    settings = server.environment(AWS_PAGER="", HOME=str(tmp_path))
    command = [shutil.which("aws"), "sts", "get-caller-identity", "--output", "json"]
    done = subprocess.run(command, env=settings, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout) == ROOT


@pytest.mark.parametrize(
    ("key_id", "secret", "code"),
    [
        ("AKIDNOBODY0000000000", SECRET, "InvalidClientTokenId"),
        (KEY_ID, "another-secret", "SignatureDoesNotMatch"),
    ],
)
@pytest.mark.parametrize("service", ["sts", "iam"])
def test_a_wrong_key_has_the_codes_of_the_query_protocol(
    server, refused, service, key_id, secret, code
):
    client = server.client(service, key_id=key_id, secret=secret)
    call = {"sts": lambda: client.get_caller_identity(), "iam": lambda: client.get_role(RoleName="a")}
    refusal = refused(call[service])
    assert (refusal.status, refusal.code) == (403, code)


def test_a_form_without_a_signature_is_refused_in_xml(server):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(server.api, data=body, timeout=10)
    assert caught.value.code == 403
    assert caught.value.headers["content-type"] == "text/xml"
    answer = caught.value.read().decode()
    assert "<Code>MissingAuthenticationToken</Code>" in answer
    assert "<Type>Sender</Type>" in answer


def test_iam_takes_signatures_for_any_region(server):
    iam = elsewhere(server, "iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="The role with name a cannot"):
        iam.get_role(RoleName="a")


def test_sts_takes_signatures_for_its_own_region_only(server, refused):
    sts = elsewhere(server, "sts")
    refusal = refused(sts.get_caller_identity)
    assert (refusal.status, refusal.code) == (403, "SignatureDoesNotMatch")


def test_parameters_are_held_to_their_shapes(iam, refused):
    refusal = refused(iam.get_role, RoleName="a role")
    assert (refusal.status, refusal.code) == (400, "ValidationError")
    assert "Value 'a role' at 'roleName' failed to satisfy constraint" in refusal.message


def test_what_is_not_served_says_so(sts, iam, refused):
    for call, name in [(sts.get_session_token, "GetSessionToken"), (iam.list_roles, "ListRoles")]:
        refusal = refused(call)
        assert (refusal.status, refusal.code) == (501, "NotImplemented")
        assert f"`{name}`" in refusal.message
