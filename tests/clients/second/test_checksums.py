"""S3's checksums in every algorithm that SDKs know, computed by the AWS Common Runtime."""

import base64
import hashlib
import os

import pytest
from awscrt import checksums as crt
from botocore.exceptions import ClientError


def xxhash(begin):
    def compute(data: bytes) -> bytes:
        running = begin()
        running.update(data)
        return running.finalize()

    return compute


ALGORITHMS = {
    "CRC32": lambda data: crt.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: crt.crc32c(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: crt.crc64nvme(data).to_bytes(8, "big"),
    "MD5": lambda data: hashlib.md5(data).digest(),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
    "SHA512": lambda data: hashlib.sha512(data).digest(),
    "XXHASH64": xxhash(crt.XXHash.new_xxhash64),
    "XXHASH3": xxhash(crt.XXHash.new_xxhash3_64),
    "XXHASH128": xxhash(crt.XXHash.new_xxhash3_128),
}
PART_MIN = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def bucket(s3):
    s3.create_bucket(Bucket="checksums")
    return "checksums"


def encoded(algorithm: str, data: bytes) -> str:
    return base64.b64encode(ALGORITHMS[algorithm](data)).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 70_001])
def test_a_checksum_is_compared_and_given_back(s3, bucket, algorithm, size):
    data, member = os.urandom(size), f"Checksum{algorithm}"
    place = {"Bucket": bucket, "Key": algorithm}
    right = encoded(algorithm, data)
    put = s3.put_object(**place, Body=data, **{member: right})
    assert put[member] == right
    head = s3.head_object(**place, ChecksumMode="ENABLED")
    assert (head[member], head.get("ChecksumType", "FULL_OBJECT")) == (right, "FULL_OBJECT")
    got = s3.get_object(**place, ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[member]) == (data, right)
    assert member not in s3.head_object(**place)
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(**place, Body=data, **{member: encoded(algorithm, data + b"x")})
    assert s3.get_object(**place)["Body"].read() == data


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name != "MD5"])
def test_a_checksum_that_the_sdk_computes(s3, bucket, algorithm):
    put = s3.put_object(Bucket=bucket, Key="sdk", Body=b"abc", ChecksumAlgorithm=algorithm)
    assert put[f"Checksum{algorithm}"] == encoded(algorithm, b"abc")
    copy = {"CopySource": f"{bucket}/sdk", "ChecksumAlgorithm": "CRC64NVME"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", **copy)["CopyObjectResult"]
    assert copied["ChecksumCRC64NVME"] == encoded("CRC64NVME", b"abc")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_parts_have_checksums(s3, bucket, algorithm):
    place = {"Bucket": bucket, "Key": f"parts-{algorithm}"}
    pieces = [os.urandom(PART_MIN), b"end"]
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm)
    upload = place | {"UploadId": begun["UploadId"]}
    parts, member = [], f"Checksum{algorithm}"
    for number, piece in enumerate(pieces, 1):
        part = s3.upload_part(**upload, PartNumber=number, Body=piece, **{member: encoded(algorithm, piece)})
        assert part[member] == encoded(algorithm, piece)
        parts.append({"PartNumber": number, "ETag": part["ETag"], member: part[member]})
    sums = [part[member] for part in parts]
    assert [part[member] for part in s3.list_parts(**upload)["Parts"]] == sums
    wrong = [parts[0] | {member: sums[1]}, parts[1]]
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": wrong})
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    whole = encoded(algorithm, b"".join(pieces))
    composite = encoded(algorithm, b"".join(ALGORITHMS[algorithm](piece) for piece in pieces)) + "-2"
    assert done[member] == (whole if begun["ChecksumType"] == "FULL_OBJECT" else composite)
    got = s3.get_object(**place, ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[member]) == (b"".join(pieces), done[member])
    second = s3.head_object(**place, ChecksumMode="ENABLED", PartNumber=2)
    assert (second[member], second["ChecksumType"]) == (sums[1], done["ChecksumType"])
    shown = s3.get_object_attributes(**place, ObjectAttributes=["Checksum", "ObjectParts"])
    assert (shown["Checksum"][member], shown["Checksum"]["ChecksumType"]) == (done[member], done["ChecksumType"])
    assert [part[member] for part in shown["ObjectParts"]["Parts"]] == sums
    [listed] = s3.list_objects_v2(Bucket=bucket, Prefix=place["Key"])["Contents"]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], done["ChecksumType"])
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/{place['Key']}")
    assert copied["CopyObjectResult"][member] == whole


@pytest.mark.parametrize("algorithm", ["MD5", "SHA512", "XXHASH128"])
def test_parts_that_are_copied_have_checksums(s3, bucket, algorithm):
    s3.put_object(Bucket=bucket, Key="source", Body=b"copied")
    place, member = {"Bucket": bucket, "Key": "copied"}, f"Checksum{algorithm}"
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm=algorithm)
    upload = place | {"UploadId": begun["UploadId"], "PartNumber": 1}
    part = s3.upload_part_copy(**upload, CopySource=f"{bucket}/source")["CopyPartResult"]
    assert part[member] == encoded(algorithm, b"copied")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA512", "XXHASH64", "SHA1"])
def test_only_cyclic_checksums_are_of_whole_uploads_in_parts(s3, bucket, algorithm):
    with pytest.raises(ClientError, match=f"InvalidRequest.*FULL_OBJECT.*{algorithm}"):
        s3.create_multipart_upload(
            Bucket=bucket, Key="parts", ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT"
        )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_lists_show_algorithms(s3, bucket, algorithm):
    key = f"listed-{algorithm}"
    sum_of = {f"Checksum{algorithm}": encoded(algorithm, b"abc")}
    s3.put_object(Bucket=bucket, Key=key, Body=b"abc", **sum_of)
    for lists in (s3.list_objects, s3.list_objects_v2):
        [item] = lists(Bucket=bucket, Prefix=key)["Contents"]
        assert (item["ChecksumAlgorithm"], item["ChecksumType"]) == ([algorithm], "FULL_OBJECT")


def test_two_checksums_are_one_too_many(s3, bucket):
    sums = {f"Checksum{name}": encoded(name, b"x") for name in ("CRC32", "SHA256")}
    with pytest.raises(ClientError, match="InvalidRequest.*single x-amz-checksum"):
        s3.put_object(Bucket=bucket, Key="two", Body=b"x", **sums)
