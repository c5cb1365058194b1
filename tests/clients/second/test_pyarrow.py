"""pyarrow's own S3 client, which is the AWS SDK for C++: files, listings, ranges, datasets."""

import os

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow import csv, fs
from pyarrow import parquet as pq

from server import KEY_ID, REGION, SECRET

MB = 1024 * 1024


@pytest.fixture(scope="module")
def arrow(server):
    """The file system of the shared server."""
    return fs.S3FileSystem(
        access_key=KEY_ID,
        secret_key=SECRET,
        region=REGION,
        endpoint_override=server.api.removeprefix("http://"),
        scheme="http",
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
    )


@pytest.fixture
def bucket(arrow, fresh):
    """A bucket of the test's own."""
    name = fresh("pyarrow")
    arrow.create_dir(name)
    return name


def write(arrow, path: str, data: bytes, **options) -> None:
    with arrow.open_output_stream(path, **options) as out:
        out.write(data)


def read(arrow, path: str) -> bytes:
    with arrow.open_input_stream(path) as file:
        return file.read()


def paths(infos) -> list[str]:
    return sorted(info.path for info in infos)


@pytest.mark.parametrize("size", [0, 1, 100_000, 11 * MB, 25 * MB + 3])
def test_what_is_written_is_read(arrow, bucket, s3, size):
    """From 10 MB on it goes up in parts; an empty stream has one part of nothing."""
    data = os.urandom(size)
    write(arrow, f"{bucket}/dir/a b+ü%.bin", data)
    assert read(arrow, f"{bucket}/dir/a b+ü%.bin") == data
    assert s3.get_object(Bucket=bucket, Key="dir/a b+ü%.bin")["Body"].read() == data


def test_headers_are_kept(arrow, bucket, s3):
    write(arrow, f"{bucket}/typed", b"1,2", metadata={"Content-Type": "text/csv", "owner": "me"})
    head = s3.head_object(Bucket=bucket, Key="typed")
    assert head["ContentType"] == "text/csv"
    with arrow.open_input_stream(f"{bucket}/typed") as file:
        assert file.metadata()["Content-Type"] == b"text/csv"


def test_ranges_and_seeks(arrow, bucket):
    data = os.urandom(12 * MB)
    write(arrow, f"{bucket}/ranges", data)
    with arrow.open_input_file(f"{bucket}/ranges") as file:
        assert file.size() == len(data)
        for start, length in [(0, 10), (10 * MB - 5, 10), (len(data) - 3, 3), (len(data) - 3, 100)]:
            assert file.read_at(length, start) == data[start : start + length]
        file.seek(7)
        assert file.read(5) == data[7:12]
        file.seek(0)
        assert file.readall() == data


def test_listings(arrow, bucket):
    for name in ("top", "d/1", "d/2", "d/e/3", "f/g/h/4"):
        write(arrow, f"{bucket}/{name}", name.encode())
    flat = arrow.get_file_info(fs.FileSelector(bucket))
    assert paths(flat) == [f"{bucket}/{name}" for name in ("d", "f", "top")]
    kinds = {info.base_name: info.type for info in flat}
    assert kinds == {"d": fs.FileType.Directory, "f": fs.FileType.Directory, "top": fs.FileType.File}
    deep = arrow.get_file_info(fs.FileSelector(f"{bucket}/d", recursive=True))
    assert paths(deep) == [f"{bucket}/d/{name}" for name in ("1", "2", "e", "e/3")]
    assert {info.base_name: info.size for info in deep if info.is_file} == {"1": 3, "2": 3, "3": 5}
    file, folder, nothing = arrow.get_file_info([f"{bucket}/d/1", f"{bucket}/d", f"{bucket}/absent"])
    assert (file.size, file.is_file) == (3, True)
    assert file.mtime is not None
    assert (folder.type, nothing.type) == (fs.FileType.Directory, fs.FileType.NotFound)
    with pytest.raises(FileNotFoundError):
        arrow.get_file_info(fs.FileSelector(f"{bucket}/absent"))
    assert bucket in paths(arrow.get_file_info(fs.FileSelector("")))


def test_a_listing_of_several_pages(arrow, bucket, s3):
    for number in range(1001):
        s3.put_object(Bucket=bucket, Key=f"many/{number:04}", Body=b"")
    assert len(arrow.get_file_info(fs.FileSelector(f"{bucket}/many"))) == 1001
    arrow.delete_dir(f"{bucket}/many")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="many/0")


def test_copies_moves_and_deletions(arrow, bucket):
    data = os.urandom(100_000)
    write(arrow, f"{bucket}/a/from ü", data)
    arrow.copy_file(f"{bucket}/a/from ü", f"{bucket}/b/copy")
    assert read(arrow, f"{bucket}/b/copy") == data
    arrow.move(f"{bucket}/b/copy", f"{bucket}/b/moved")
    assert read(arrow, f"{bucket}/b/moved") == data
    assert not arrow.get_file_info(f"{bucket}/b/copy").is_file
    arrow.delete_file(f"{bucket}/b/moved")
    with pytest.raises(FileNotFoundError):
        read(arrow, f"{bucket}/b/moved")
    arrow.create_dir(f"{bucket}/c/d", recursive=True)
    assert arrow.get_file_info(f"{bucket}/c/d").type == fs.FileType.Directory
    arrow.delete_dir_contents(bucket)
    assert arrow.get_file_info(fs.FileSelector(bucket, recursive=True)) == []
    arrow.delete_dir(bucket)
    assert arrow.get_file_info(bucket).type == fs.FileType.NotFound


def test_trees_of_files_are_copied(arrow, bucket, tmp_path):
    for name in ("1", "sub/2"):
        (tmp_path / "up" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "up" / name).write_text(name)
    local = fs.LocalFileSystem()
    tree = f"{bucket}/tree"
    fs.copy_files(str(tmp_path / "up"), tree, source_filesystem=local, destination_filesystem=arrow)
    fs.copy_files(tree, str(tmp_path / "down"), source_filesystem=arrow, destination_filesystem=local)
    assert (tmp_path / "down/sub/2").read_text() == "sub/2"


def table(start: int, rows: int) -> pa.Table:
    numbers = list(range(start, start + rows))
    return pa.table({"id": numbers, "half": [n / 2 for n in numbers], "kind": [n % 3 for n in numbers]})


def test_a_dataset_of_several_files(arrow, bucket):
    whole = table(0, 9000)
    ds.write_dataset(
        whole, f"{bucket}/set", filesystem=arrow, format="parquet", partitioning=["kind"],
        partitioning_flavor="hive", max_rows_per_file=1000, max_rows_per_group=1000,
    )
    found = ds.dataset(f"{bucket}/set", filesystem=arrow, partitioning="hive")
    assert len(found.files) == 9
    assert found.count_rows() == 9000
    some = found.to_table(filter=(ds.field("kind") == 1) & (ds.field("id") < 100), columns=["id", "half"])
    assert sorted(some["id"].to_pylist()) == list(range(1, 100, 3))
    assert found.to_table().sort_by("id").select(["id", "half"]).equals(whole.select(["id", "half"]))


def test_one_parquet_file_and_one_csv_file(arrow, bucket):
    whole = table(5, 1000)
    pq.write_table(whole, f"{bucket}/one.parquet", filesystem=arrow)
    assert pq.read_table(f"{bucket}/one.parquet", filesystem=arrow, columns=["half"]) == whole.select(["half"])
    with arrow.open_output_stream(f"{bucket}/one.csv.gz", compression="gzip") as out:
        csv.write_csv(whole, out)
    with arrow.open_input_stream(f"{bucket}/one.csv.gz", compression="gzip") as file:
        assert csv.read_csv(file) == whole


def test_what_is_not_closed_is_no_object_yet(arrow, bucket, s3):
    out = arrow.open_output_stream(f"{bucket}/open")
    out.write(os.urandom(12 * MB))
    out.flush()
    assert [upload["Key"] for upload in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["open"]
    assert arrow.get_file_info(f"{bucket}/open").type == fs.FileType.NotFound
    out.close()
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert arrow.get_file_info(f"{bucket}/open").size == 12 * MB


def test_errors_are_told(server, arrow, bucket):
    with pytest.raises(FileNotFoundError):
        arrow.open_input_file(f"{bucket}/absent")
    with pytest.raises(OSError, match="NO_SUCH_BUCKET|NoSuchBucket"):
        write(arrow, "pyarrow-none/key", b"x")
    stranger = fs.S3FileSystem(
        access_key=KEY_ID, secret_key="wrong", region=REGION, scheme="http",
        endpoint_override=server.api.removeprefix("http://"),
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
    )
    with pytest.raises(OSError, match="SIGNATURE_DOES_NOT_MATCH|SignatureDoesNotMatch|ACCESS_DENIED"):
        stranger.get_file_info(fs.FileSelector(bucket))
