"""Makes the data directory that later versions must read: `python layout_fixture.py FILE.tar.gz`.

It serves on a new directory, fills it through the APIs, ends the server as a power cut would not,
and packs what is there. Run it with CLARY_BIN once for each layout, and never again.
"""

import sys
import tarfile
import tempfile
from pathlib import Path

from artifacts import leaf
from conftest import Deployer
from server import Server

PART_MIN = 5 * 1024 * 1024


def fill(server: Server) -> None:
    """One of everything that the store keeps."""
    deploy = Deployer(server)
    s3 = deploy.s3
    s3.create_bucket(Bucket="bucket")
    for key, body in {"plain": b"plain", "empty": b"", "schön/日本": b"utf-8"}.items():
        s3.put_object(Bucket="bucket", Key=key, Body=body)
    described = {"ContentType": "text/csv", "Metadata": {"owner": "me"}}
    upload = s3.create_multipart_upload(Bucket="bucket", Key="parts", **described)["UploadId"]
    place = {"Bucket": "bucket", "Key": "parts", "UploadId": upload}
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=body)["ETag"]}
        for number, body in ((1, bytes(PART_MIN)), (2, b"end"))
    ]
    s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    begun = s3.create_multipart_upload(Bucket="bucket", Key="begun")["UploadId"]
    s3.upload_part(Bucket="bucket", Key="begun", UploadId=begun, PartNumber=1, Body=b"begun")
    deploy.bucket = "bucket"
    deploy("served", {"xgboost-model": leaf(6.5)})


def main(target: str) -> None:
    """Fills a directory and packs it."""
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(Path(scratch) / "data").start()
        try:
            fill(server)
            server.stop()
        finally:
            server.close()
        with tarfile.open(target, "w:gz") as packed:
            packed.add(server.data_dir, ".")


if __name__ == "__main__":
    main(sys.argv[1])
