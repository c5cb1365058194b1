"""S3 objects made of parts: read part by part, described, listed page by page; and default checksums."""

import base64
import os

import pytest


PART_MIN = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="test-s3-parts")
    return "test-s3-parts"


@pytest.fixture(scope="module")
def plain(server):
    """A client that sends no checksum of its own, as SDKs of before 2025 do."""
    return server.client("s3", request_checksum_calculation="when_required")


def upload(s3, place, pieces, **members):
    """An object of these parts, numbered 2, 4, …, as no rule says that numbers are consecutive."""
    begun = place | {"UploadId": s3.create_multipart_upload(**place, **members)["UploadId"]}
    algorithm = {name: value for name, value in members.items() if name == "ChecksumAlgorithm"}
    parts = []
    for number, piece in enumerate(pieces, 1):
        part = s3.upload_part(**begun, PartNumber=2 * number, Body=piece, **algorithm)
        sums = {name: value for name, value in part.items() if name.startswith("Checksum")}
        wanted = {k: v for k, v in sums.items() if algorithm and k == f"Checksum{algorithm['ChecksumAlgorithm']}"}
        parts.append({"PartNumber": 2 * number, "ETag": part["ETag"]} | wanted)
    return s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": parts})


def crc64nvme(data: bytes) -> str:
    """The checksum that S3 computes by itself, bit by bit."""
    crc = 0xFFFF_FFFF_FFFF_FFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x9A6C_9329_AC4B_C9B5 if crc & 1 else 0)
    return base64.b64encode((crc ^ 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big")).decode()


def test_without_a_checksum_s3_makes_its_own(plain, s3, bucket):
    place = {"Bucket": bucket, "Key": "own"}
    put = plain.put_object(**place, Body=b"123456789")
    assert put["ChecksumCRC64NVME"] == crc64nvme(b"123456789") == "rosUhgp5mIg="
    assert put["ChecksumType"] == "FULL_OBJECT"
    head = s3.head_object(**place, ChecksumMode="ENABLED")
    assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (put["ChecksumCRC64NVME"], "FULL_OBJECT")
    assert "ChecksumCRC64NVME" not in s3.head_object(**place)
    copied = plain.copy_object(Bucket=bucket, Key="own-copy", CopySource=place)["CopyObjectResult"]
    assert copied["ChecksumCRC64NVME"] == put["ChecksumCRC64NVME"]


def test_parts_without_a_checksum_get_one_of_the_whole(plain, s3, bucket):
    place = {"Bucket": bucket, "Key": "own-parts"}
    pieces = [bytes(PART_MIN), b"end"]
    done = upload(plain, place, pieces)
    # The tail alone would be another; zeros need no loop of five million steps to be told apart.
    assert done["ChecksumType"] == "FULL_OBJECT"
    whole = plain.put_object(Bucket=bucket, Key="own-whole", Body=b"".join(pieces))
    assert done["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]
    assert s3.head_object(**place, ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == whole["ChecksumCRC64NVME"]


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_single_parts_are_read(s3, bucket, refused, algorithm):
    place = {"Bucket": bucket, "Key": f"read-{algorithm}"}
    pieces = [os.urandom(PART_MIN), os.urandom(PART_MIN + 7), b"tail"]
    upload(s3, place, pieces, ChecksumAlgorithm=algorithm)
    start = 0
    for number, piece in enumerate(pieces, 1):
        got = s3.get_object(**place, PartNumber=number, ChecksumMode="ENABLED")
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["ContentRange"] == f"bytes {start}-{start + len(piece) - 1}/{sum(map(len, pieces))}"
        assert (got["PartsCount"], got["ContentLength"]) == (3, len(piece))
        assert f"Checksum{algorithm}" in got, "boto3 compares it with what it reads"
        assert got["Body"].read() == piece
        head = s3.head_object(**place, PartNumber=number)
        assert (head["PartsCount"], head["ContentLength"]) == (3, len(piece))
        start += len(piece)
    error = refused(s3.get_object, **place, PartNumber=4)
    assert (error.status, error.code) == (416, "InvalidPartNumber")
    error = refused(s3.get_object, **place, PartNumber=0)
    assert (error.status, error.code) == (400, "InvalidArgument")
    error = refused(s3.get_object, **place, PartNumber=1, Range="bytes=0-1")
    assert (error.status, error.code) == (400, "InvalidRequest")


def test_an_object_in_one_piece_is_its_own_first_part(s3, bucket, refused):
    place = {"Bucket": bucket, "Key": "one"}
    s3.put_object(**place, Body=b"whole")
    got = s3.get_object(**place, PartNumber=1)
    assert (got["Body"].read(), got["ContentRange"]) == (b"whole", "bytes 0-4/5")
    assert "PartsCount" not in got
    assert refused(s3.get_object, **place, PartNumber=2).code == "InvalidPartNumber"
    s3.put_object(**place, Body=b"")
    assert s3.get_object(**place, PartNumber=1)["Body"].read() == b""


ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]


def test_attributes_of_an_object(s3, bucket, refused):
    place = {"Bucket": bucket, "Key": "attributes"}
    put = s3.put_object(**place, Body=b"123456789", ChecksumAlgorithm="SHA256")
    told = s3.get_object_attributes(**place, ObjectAttributes=ALL)
    assert told["ETag"] == put["ETag"].strip('"')
    assert told["Checksum"] == {"ChecksumSHA256": put["ChecksumSHA256"], "ChecksumType": "FULL_OBJECT"}
    assert (told["ObjectSize"], told["StorageClass"]) == (9, "STANDARD")
    assert "ObjectParts" not in told
    assert told["LastModified"]
    some = s3.get_object_attributes(**place, ObjectAttributes=["ObjectSize"])
    assert (some["ObjectSize"], "ETag" in some, "Checksum" in some) == (9, False, False)
    error = refused(s3.get_object_attributes, **place, ObjectAttributes=["Colour"])
    assert (error.status, error.code) == (400, "InvalidArgument")
    absent = {"Bucket": bucket, "Key": "absent", "ObjectAttributes": ALL}
    error = refused(s3.get_object_attributes, **absent)
    assert (error.status, error.code) == (404, "NoSuchKey")


def test_attributes_of_parts_come_in_pages(s3, bucket):
    place = {"Bucket": bucket, "Key": "attributes-parts"}
    pieces = [os.urandom(PART_MIN), os.urandom(PART_MIN), b"tail"]
    done = upload(s3, place, pieces, ChecksumAlgorithm="SHA256")
    whole = s3.get_object_attributes(**place, ObjectAttributes=ALL)
    assert whole["Checksum"] == {"ChecksumSHA256": done["ChecksumSHA256"], "ChecksumType": "COMPOSITE"}
    parts = whole["ObjectParts"]
    assert (parts["TotalPartsCount"], parts["IsTruncated"], parts["MaxParts"]) == (3, False, 1000)
    assert [(part["PartNumber"], part["Size"]) for part in parts["Parts"]] == [
        (number, len(piece)) for number, piece in enumerate(pieces, 1)
    ]
    seen, marker, pages = [], 0, 0
    while marker is not None:
        page = s3.get_object_attributes(
            **place, ObjectAttributes=["ObjectParts"], MaxParts=2, PartNumberMarker=marker
        )["ObjectParts"]
        seen += page["Parts"]
        pages += 1
        marker = page["NextPartNumberMarker"] if page["IsTruncated"] else None
    assert (pages, seen) == (2, parts["Parts"])
    assert len({part["ChecksumSHA256"] for part in seen}) == 3


def test_uploads_are_listed_in_pages_with_and_without_a_delimiter(s3, bucket):
    keys = ["list/a", "list/a", "list/b/1", "list/b/2", "list/c/1", "list/d", "other"]
    begun = [s3.create_multipart_upload(Bucket=bucket, Key=key) for key in keys]
    expect = sorted((u["Key"], u["UploadId"]) for u in begun)
    for size in (1, 2, 3, 1000):
        seen, marker = [], {}
        while marker is not None:
            page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=size, **marker)
            seen += [(u["Key"], u["UploadId"]) for u in page.get("Uploads", [])]
            marker = None
            if page["IsTruncated"]:
                marker = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
        assert seen == expect, size
        seen, marker = [], {}
        while marker is not None:
            page = s3.list_multipart_uploads(
                Bucket=bucket, MaxUploads=size, Prefix="list/", Delimiter="/", **marker
            )
            seen += [u["Key"] for u in page.get("Uploads", [])]
            seen += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
            marker = None
            if page["IsTruncated"]:
                marker = {"KeyMarker": page["NextKeyMarker"]}
                if page.get("NextUploadIdMarker"):
                    marker["UploadIdMarker"] = page["NextUploadIdMarker"]
        assert sorted(seen) == ["list/a", "list/a", "list/b/", "list/c/", "list/d"], size
    none = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=0)
    assert (none["IsTruncated"], "Uploads" in none) == (False, False)
    for upload_begun in begun:
        s3.abort_multipart_upload(Bucket=bucket, Key=upload_begun["Key"], UploadId=upload_begun["UploadId"])


def test_parts_are_listed_in_pages(s3, bucket):
    place = {"Bucket": bucket, "Key": "pages"}
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA1")
    upload_place = place | {"UploadId": begun["UploadId"]}
    for number in range(1, 8):
        s3.upload_part(**upload_place, PartNumber=number * 3, Body=b"x" * number, ChecksumAlgorithm="SHA1")
    for size in (1, 3, 7, 1000):
        pages = s3.get_paginator("list_parts").paginate(**upload_place, PaginationConfig={"PageSize": size})
        seen = [part for page in pages for part in page["Parts"]]
        assert [(p["PartNumber"], p["Size"]) for p in seen] == [(n * 3, n) for n in range(1, 8)], size
        assert all(part["ChecksumSHA1"] for part in seen)
    page = s3.list_parts(**upload_place, MaxParts=0)
    assert (page["IsTruncated"], "Parts" in page) == (False, False)
    page = s3.list_parts(**upload_place)
    assert (page["ChecksumAlgorithm"], page["ChecksumType"]) == ("SHA1", "COMPOSITE")
    s3.abort_multipart_upload(**upload_place)
