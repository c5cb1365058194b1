"""s3fs, and pandas on it: a file system whose files are objects."""

import io
import os
import urllib.request

import pandas as pd
import pytest
import s3fs

from server import KEY_ID, REGION, SECRET

MB = 1024 * 1024


@pytest.fixture(scope="module")
def options(server):
    """What pandas and the others call `storage_options`."""
    return {
        "key": KEY_ID,
        "secret": SECRET,
        "endpoint_url": server.api,
        "client_kwargs": {"region_name": REGION},
        "config_kwargs": {"retries": {"total_max_attempts": 1}},
        "use_listings_cache": False,
    }


@pytest.fixture(scope="module")
def files(options):
    """The file system of the shared server."""
    return s3fs.S3FileSystem(**options)


@pytest.fixture
def bucket(files, fresh):
    """A bucket of the test's own."""
    name = fresh("s3fs")
    files.mkdir(name)
    return name


def test_listings_and_patterns(files, bucket):
    names = ["top", "d/1.csv", "d/2.csv", "d/e/3.csv", "d/e/4.json", "f ü/5 +%.csv"]
    for name in names:
        files.pipe(f"{bucket}/{name}", name.encode())
    assert files.ls(bucket) == [f"{bucket}/{name}" for name in ("d", "f ü", "top")]
    assert files.ls(f"{bucket}/d") == [f"{bucket}/d/{name}" for name in ("1.csv", "2.csv", "e")]
    assert files.glob(f"{bucket}/d/*.csv") == [f"{bucket}/d/{name}.csv" for name in (1, 2)]
    assert files.glob(f"{bucket}/**/*.csv") == [f"{bucket}/{n}" for n in sorted(names) if n.endswith(".csv")]
    assert files.find(bucket) == sorted(f"{bucket}/{name}" for name in names)
    assert [name for _, _, found in files.walk(f"{bucket}/d") for name in found] == [
        "1.csv", "2.csv", "3.csv", "4.json",
    ]
    assert (files.isdir(f"{bucket}/d"), files.isfile(f"{bucket}/d")) == (True, False)
    assert (files.exists(f"{bucket}/top"), files.exists(f"{bucket}/none")) == (True, False)
    assert files.cat(f"{bucket}/f ü/5 +%.csv") == "f ü/5 +%.csv".encode()
    assert files.du(f"{bucket}/d") == sum(len(name) for name in names if name.startswith("d/"))
    info = files.info(f"{bucket}/top")
    assert (info["size"], info["type"]) == (3, "file")
    assert info["LastModified"] is not None
    assert bucket in files.ls("")
    with pytest.raises(FileNotFoundError):
        files.ls(f"{bucket}/none")


@pytest.mark.parametrize("size", [0, 1, 100_000, 12 * MB + 7])
def test_files_are_written_read_and_sought(files, bucket, size):
    data = os.urandom(size)
    path = f"{bucket}/file"
    with files.open(path, "wb", block_size=5 * MB) as file:
        for start in range(0, size, MB):
            file.write(data[start : start + MB])
    assert files.info(path)["size"] == size
    with files.open(path, "rb", block_size=MB) as file:
        assert file.read() == data
        for start in (0, size // 3, max(size - 2, 0)):
            file.seek(start)
            assert file.read(10) == data[start : start + 10]
        file.seek(-1 if size else 0, io.SEEK_END)
        assert file.read() == data[-1:]
    assert files.tail(path, 5) == data[-5:]
    if size > 1:  # a range that begins at the end is refused, as on S3
        assert files.cat_file(path, start=1, end=4) == data[1:4]


@pytest.mark.parametrize("before", [10, 6 * MB], ids=["small", "as-a-part"])
def test_files_are_appended_to(files, bucket, before):
    """What is there already becomes the first part, by a copy if it is large enough for one."""
    head, tail = os.urandom(before), os.urandom(1000)
    files.pipe(f"{bucket}/log", head)
    with files.open(f"{bucket}/log", "ab") as file:
        assert file.tell() == before
        file.write(tail)
    assert files.cat(f"{bucket}/log") == head + tail
    with files.open(f"{bucket}/new", "ab") as file:
        file.write(b"first")
    assert files.cat(f"{bucket}/new") == b"first"


def test_a_file_is_created_once(files, bucket):
    with files.open(f"{bucket}/once", "xb") as file:
        file.write(b"1")
    with pytest.raises(FileExistsError), files.open(f"{bucket}/once", "xb") as file:
        file.write(b"2")
    assert files.cat(f"{bucket}/once") == b"1"


def test_trees_go_up_and_down(files, bucket, tmp_path):
    up, down = tmp_path / "up", tmp_path / "down"
    for name in ("a", "b/c", "b/d e/ü"):
        (up / name).parent.mkdir(parents=True, exist_ok=True)
        (up / name).write_text(name)
    files.put(f"{up}/", f"{bucket}/tree/", recursive=True)
    assert files.find(f"{bucket}/tree") == [f"{bucket}/tree/{n}" for n in ("a", "b/c", "b/d e/ü")]
    files.get(f"{bucket}/tree/", f"{down}/", recursive=True)
    assert {path.relative_to(down): path.read_text() for path in down.rglob("*") if path.is_file()} == {
        path.relative_to(up): path.read_text() for path in up.rglob("*") if path.is_file()
    }


def test_a_large_file_goes_up_in_parts_and_down(files, bucket, tmp_path):
    data = os.urandom(23 * MB)
    (tmp_path / "up").write_bytes(data)
    files.put(str(tmp_path / "up"), f"{bucket}/large", chunksize=8 * MB)
    assert files.info(f"{bucket}/large")["ETag"].endswith('-3"')
    files.get(f"{bucket}/large", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == data
    files.cp(f"{bucket}/large", f"{bucket}/copy")
    assert files.cat(f"{bucket}/copy") == data


def test_moves_and_recursive_deletions(files, bucket):
    for name in ("d/1", "d/e/2", "keep"):
        files.pipe(f"{bucket}/{name}", name.encode())
    files.mv(f"{bucket}/d/1", f"{bucket}/moved")
    assert files.cat(f"{bucket}/moved") == b"d/1"
    assert not files.exists(f"{bucket}/d/1")
    files.cp(f"{bucket}/d/", f"{bucket}/g/", recursive=True)
    assert files.find(f"{bucket}/g") == [f"{bucket}/g/e/2"]
    files.rm([f"{bucket}/d", f"{bucket}/g"], recursive=True)
    assert files.find(bucket) == [f"{bucket}/keep", f"{bucket}/moved"]
    files.rm(bucket, recursive=True)
    assert not files.exists(bucket)


def test_metadata_tells_what_was_written(files, bucket):
    files.pipe(f"{bucket}/typed", b"1,2", ContentType="text/csv", Metadata={"owner": "me"})
    assert files.info(f"{bucket}/typed")["ContentType"] == "text/csv"
    assert files.metadata(f"{bucket}/typed") == {"owner": "me"}
    files.setxattr(f"{bucket}/typed", copy_kwargs={"ContentType": "text/csv"}, owner="you")
    assert files.getxattr(f"{bucket}/typed", "owner") == "you"
    assert files.checksum(f"{bucket}/typed")
    with urllib.request.urlopen(files.sign(f"{bucket}/typed")) as reply:
        assert (reply.read(), reply.headers["Content-Type"]) == (b"1,2", "text/csv")


def test_uploads_that_were_given_up_are_cleared(files, bucket):
    with files.transaction:
        file = files.open(f"{bucket}/given-up", "wb", block_size=5 * MB)
        file.write(os.urandom(11 * MB))
        assert [upload["Key"] for upload in files.list_multipart_uploads(bucket)] == ["given-up"]
        files.clear_multipart_uploads(bucket)
        assert not files.list_multipart_uploads(bucket)
        files.transaction.files.clear()
        file.closed = True
    assert files.find(bucket) == []


def test_pandas_reads_and_writes(options, files, bucket):
    frame = pd.DataFrame({"id": range(1000), "half": [n / 2 for n in range(1000)], "name": "ü"})
    for name, write, read in [
        ("frame.csv", pd.DataFrame.to_csv, pd.read_csv),
        ("frame.csv.gz", pd.DataFrame.to_csv, pd.read_csv),
        ("frame.parquet", pd.DataFrame.to_parquet, pd.read_parquet),
    ]:
        url = f"s3://{bucket}/{name}"
        write(frame, url, index=False, storage_options=options)
        pd.testing.assert_frame_equal(read(url, storage_options=options), frame)
    frame.to_parquet(f"s3://{bucket}/parts", partition_cols=["name"], storage_options=options)
    parts = pd.read_parquet(f"s3://{bucket}/parts", columns=["id", "half"], storage_options=options)
    pd.testing.assert_frame_equal(parts.sort_values("id"), frame[["id", "half"]])
    chunks = pd.read_csv(f"s3://{bucket}/frame.csv", chunksize=300, storage_options=options)
    assert [len(chunk) for chunk in chunks] == [300, 300, 300, 100]


def test_errors_are_told(options, files, bucket):
    with pytest.raises(FileNotFoundError):
        files.cat(f"{bucket}/absent")
    with pytest.raises(FileNotFoundError):
        files.pipe("s3fs-none/key", b"x")
    stranger = s3fs.S3FileSystem(**options | {"secret": "wrong"})
    with pytest.raises(PermissionError):
        stranger.cat(f"{bucket}/absent")
