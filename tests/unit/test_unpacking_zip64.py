"""A zip's list of contents is sized before `zipfile` reads it: old readers and new ones must find the same list."""

import errno
import gzip
import io
import struct
import tarfile
import tempfile
import zipfile

import pytest

from harness.intake import IntakeRefused, receive


def zipped(size_limit=None):
    """An archive with a file, and with a ZIP64 record for its list of contents."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("work.py", "x = 1\n")
    data = body.getvalue()
    end = data.rindex(b"PK\5\6")
    entries, size, offset = struct.unpack_from("<HII", data, end + 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size_limit or size, offset)
    return data[:end], record, data[end:]


def with_locator(before, record, end, at):
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    return before + record + locator + end


def test_a_large_list_of_contents_that_is_where_it_says_is_read(tmp_path):
    before, record, end = zipped()
    (tmp_path / "a.zip").write_bytes(with_locator(before, record, end, len(before)))
    assert [file.name for file in receive(tmp_path / "a.zip", tmp_path / "out").files] == ["work.py"]


@pytest.mark.parametrize("shift", [-60, 8, 100_000])
def test_a_second_list_of_contents_elsewhere_is_refused(tmp_path, shift):
    """The record before the locator says something small; newer readers would go where the locator points."""
    before, record, end = zipped()
    _, huge, _ = zipped(2**40)
    data = with_locator(before + huge, record, end, len(before) if shift < 0 else len(before + huge) + shift)
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(IntakeRefused, match="damaged"):
        receive(tmp_path / "a.zip", tmp_path / "out")


def test_a_locator_without_a_record_is_refused(tmp_path):
    before, _, end = zipped()
    (tmp_path / "a.zip").write_bytes(with_locator(before, b"", end, 0))
    with pytest.raises(IntakeRefused, match="damaged"):
        receive(tmp_path / "a.zip", tmp_path / "out")


def test_a_full_disk_of_ours_is_not_the_archive_s_fault(tmp_path, monkeypatch):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("work.py"))
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(body.getvalue()))

    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", Full)
    with pytest.raises(OSError, match="No space left") as raised:
        receive(tmp_path / "a.tar.gz", tmp_path / "out")
    assert not isinstance(raised.value, IntakeRefused)


def test_a_damaged_gzip_is(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"x" * 5_000)[:-9])
    with pytest.raises(IntakeRefused, match="damaged"):
        receive(tmp_path / "a.tar.gz", tmp_path / "out")
