"""TLS: a certificate of the server's own making, or from files; who trusts it, who does not."""

import hashlib
import json
import re
import ssl
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import SSLError

from artifacts import leaf
from server import CLIENT_CONFIG, KEY_ID, REGION, SECRET, binary, environment, eventually


@pytest.fixture
def secured(start_server):
    """A server that made a certificate, and the certificate's file."""
    server = start_server("--tls-self-signed", ephemeral=True)
    return server, server.data_dir / "tls-cert.pem"


def client(server, service: str, trusted: Path | bool):
    return boto3.session.Session().client(
        service,
        endpoint_url=server.api,
        region_name=REGION,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=CLIENT_CONFIG,
        verify=str(trusted) if isinstance(trusted, Path) else trusted,
    )


def clary(server, *arguments: str, stdin: bytes = b"") -> str:
    command = [binary(), *arguments, "--data-dir", str(server.data_dir)]
    done = subprocess.run(
        command, env=environment(), input=stdin, capture_output=True, timeout=30, check=True
    )
    return done.stdout.decode()


def test_clients_that_trust_the_certificate_are_served(secured):
    server, certificate = secured
    assert server.api.startswith("https://") and server.gateway.startswith("https://")
    assert client(server, "sagemaker", certificate).list_models()["Models"] == []
    s3 = client(server, "s3", certificate)
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 1_000_000)
    assert len(s3.get_object(Bucket="bucket", Key="k")["Body"].read()) == 1_000_000


def test_clients_that_do_not_are_not(secured):
    server, _ = secured
    with pytest.raises(SSLError):
        client(server, "sagemaker", True).list_models()


def test_the_fingerprint_is_printed_and_is_the_certificate_s(secured):
    server, certificate = secured
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    digest = hashlib.sha256(der).hexdigest().upper()
    pairs = ":".join(re.findall("..", digest))
    eventually(lambda: pairs in server.stderr())


def test_the_commands_trust_the_server_of_their_data_directory(secured, tmp_path):
    server, certificate = secured
    variables = json.loads(clary(server, "env", "--json"))
    assert variables["AWS_CA_BUNDLE"] == str(certificate)
    model = tmp_path / "model.json"
    model.write_bytes(leaf(1.5))
    clary(server, "deploy", str(model), "--name", "secured")
    assert float(clary(server, "invoke", "secured", stdin=b"1\n")) == 1.5


def test_the_key_is_private_and_the_certificate_outlives_a_restart(start_server):
    server = start_server("--tls-self-signed")
    certificate, key = (server.data_dir / name for name in ("tls-cert.pem", "tls-key.pem"))
    assert key.stat().st_mode & 0o777 == 0o600
    before = certificate.read_bytes()
    server.restart()
    assert certificate.read_bytes() == before
    assert client(server, "sagemaker", certificate).list_models()["Models"] == []


def test_a_certificate_from_files_is_shown(secured, start_server, tmp_path):
    made, certificate = secured
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(certificate.read_bytes())
    key.write_bytes((made.data_dir / "tls-key.pem").read_bytes())
    server = start_server("--tls-cert", str(chain), "--tls-key", str(key), ephemeral=True)
    assert client(server, "sagemaker", chain).list_models()["Models"] == []


def test_plain_text_on_a_tls_port_is_no_answer_and_the_server_lives(secured):
    server, certificate = secured
    with pytest.raises(Exception, match="Connection|Remote|reset|closed"):
        boto3.session.Session().client(
            "sagemaker",
            endpoint_url=server.api.replace("https", "http"),
            region_name=REGION,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            config=CLIENT_CONFIG,
        ).list_models()
    assert client(server, "sagemaker", certificate).list_models()["Models"] == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("--tls-cert", "{certificate}"), "--tls-key"),
        (("--tls-cert", "/no/cert.pem", "--tls-key", "{key}"), "/no/cert.pem"),
        (("--tls-cert", "{certificate}", "--tls-key", "/no/key.pem"), "/no/key.pem"),
        (("--tls-cert", "{key}", "--tls-key", "{key}"), "no certificate"),
        (("--tls-cert", "{certificate}", "--tls-key", "{other}"), "does not go with"),
    ],
)
def test_certificates_that_do_not_work_are_named(secured, start_server, files, said):
    server, certificate = secured
    other = start_server("--tls-self-signed", ephemeral=True).data_dir / "tls-key.pem"
    key = server.data_dir / "tls-key.pem"
    flags = [flag.format(certificate=certificate, key=key, other=other) for flag in files]
    command = [binary(), "serve", "--ephemeral", "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]
    done = subprocess.run(
        [*command, *flags], env=environment(), capture_output=True, text=True, timeout=20
    )
    assert done.returncode != 0 and said in done.stderr, done.stderr
