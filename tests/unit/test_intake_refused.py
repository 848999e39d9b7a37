"""Intake: what is refused, with the reason, and without having been unpacked."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from unit.handed_in import WORK, contents, make_folder, make_tar, make_zip, refused

from harness import intake
from harness.intake import IntakeLimits, IntakeRefused, receive
from harness.unpacking import archive_entries

NAMES = [
    ("../evil.py", "leaves its folder"),
    ("a/../../evil.py", "leaves its folder"),
    ("__MACOSX/../../evil.py", "leaves its folder"),
    ("/etc/passwd", "absolute"),
    ("C:/evil.py", "drive letter"),
    ("c:evil.py", "drive letter"),
    ("a\\..\\evil.py", "backslash"),
    ("\\\\server\\evil.py", "backslash"),
    ("a\x1b[31m.py", "control"),
    ("/".join("a" * 20), "nested deeper"),
    ("n" * 250 + ".py", "too long"),
]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_names_that_are_refused_in_a_zip(tmp_path, name, words):
    refused(make_zip(tmp_path / "w.zip", {name: b"x"}), words)


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_names_that_are_refused_in_a_tar(tmp_path, name, words):
    refused(make_tar(tmp_path / "w.tar", {name: b"x"}), words)


def test_a_name_that_begins_with_nul(tmp_path):
    refused(make_zip(tmp_path / "w.zip", {"\0": b"x"}), "NUL")


def test_nul_in_a_name(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"safe_py_evil": b"x"})
    path.write_bytes(path.read_bytes().replace(b"safe_py_evil", b"safe.py\0evil"))
    refused(path, "NUL")


@pytest.mark.parametrize(
    ("stored", "flag", "meant"),
    [
        ("Übung ä.py".encode(), 0, "Übung ä.py"),  # macOS: UTF-8 that does not say so
        ("Übung ä.py".encode(), 0x800, "Übung ä.py"),
        ("Übung ä.py".encode("cp437"), 0, "Übung ä.py"),  # Windows of old
        (b"\xff\xfe.py", 0, "\xa0\u25a0.py"),  # of no encoding that anyone knows
    ],
)
def test_encodings_of_names_in_a_zip(tmp_path, stored, flag, meant):
    placeholder = b"n" * len(stored)
    path = make_zip(tmp_path / "w.zip", {placeholder.decode(): b"x = 1\n"})
    data = bytearray(path.read_bytes().replace(placeholder, stored))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature) + offset
        data[at : at + 2] = struct.pack("<H", flag)
    path.write_bytes(data)
    assert contents(receive(path, tmp_path / "into").folder) == {meant: b"x = 1\n"}


def test_an_encoding_hides_no_way_out(tmp_path):
    """What is taken for UTF-8 is checked as that: an overlong slash is none."""
    path = make_zip(tmp_path / "w.zip", {"nnnnnnnnnn.py": b""})
    path.write_bytes(path.read_bytes().replace(b"nnnnnnnnnn", b"..\xc0\xafetc..."))
    assert list(contents(receive(path, tmp_path / "into").folder)) == ["..\u2514\xbbetc....py"]


@pytest.mark.parametrize(
    "names",
    [("Net.py", "net.py"), ("caf\u00e9.py", "cafe\u0301.py"), ("stra\u00dfe.py", "STRASSE.py"), ("x.py", "./x.py")],
)
def test_names_that_are_one_name_elsewhere(tmp_path, names):
    refused(make_zip(tmp_path / "w.zip", dict.fromkeys(names, b"")), "the same name")


def test_a_file_that_is_also_a_folder(tmp_path):
    refused(make_zip(tmp_path / "w.zip", {"a": b"", "A/b.py": b""}), "within something that is a file")


@pytest.mark.parametrize(("mode", "words"), [(0o120777, "link"), (0o020666, "neither"), (0o010666, "neither")])
def test_links_and_devices_in_a_zip(tmp_path, mode, words):
    refused(make_zip(tmp_path / "w.zip", {"x": b"/etc/shadow"}, mode=mode), words)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "neither"),
        (tarfile.BLKTYPE, "neither"),
        (tarfile.FIFOTYPE, "neither"),
        (tarfile.GNUTYPE_SPARSE, "sparse"),
    ],
)
def test_links_and_devices_in_a_tar(tmp_path, kind, words):
    info = tarfile.TarInfo("x")
    info.type, info.linkname = kind, "/etc/shadow"
    with tarfile.open(tmp_path / "w.tar", "w") as archive:
        archive.addfile(info)
    refused(tmp_path / "w.tar", words)


def make_socket(path: Path) -> None:
    """Bound by its name in its own folder: the address of a socket has 108 bytes, a test's path may have more."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and sockets")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.symlink_to("/etc/shadow"), "x: a link"),
        (lambda path: path.symlink_to("/etc"), "x: a link"),
        (lambda path: path.symlink_to("answers.md"), "x: a link"),
        (lambda path: path.symlink_to("nowhere"), "x: a link"),
        (lambda path: path.hardlink_to(path.with_name("answers.md")), "a file with two names"),
        (os.mkfifo, "x: neither a file nor a folder"),
        (make_socket, "x: neither a file nor a folder"),
    ],
    ids=["file", "folder", "inside", "nowhere", "hard link", "pipe", "socket"],
)
def test_links_pipes_and_sockets_in_a_folder(tmp_path, make, words):
    folder = make_folder(tmp_path / "work", WORK)
    make(folder / "x")
    refused(folder, words)


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_file_that_becomes_a_pipe_while_it_is_read_is_not_waited_for(tmp_path):
    folder = make_folder(tmp_path / "work", WORK)
    entry = intake._file_entry(folder / "answers.md", "answers.md")
    (folder / "answers.md").unlink()
    os.mkfifo(folder / "answers.md")
    with pytest.raises(IntakeRefused, match="it changed while it was read"):
        entry.open()


def test_a_folder_nested_deeper_than_python_can_follow(tmp_path):
    folder = here = tmp_path / "work"
    for _ in range(400):
        here /= "d"
    here.mkdir(parents=True)
    refused(folder, "nested deeper")


def test_a_link_within_what_is_left_out_does_no_harm(tmp_path):
    info = tarfile.TarInfo(".venv/bin/python")
    info.type, info.linkname = tarfile.SYMTYPE, "/usr/bin/python3"
    with tarfile.open(make_tar(tmp_path / "w.tar", WORK), "a") as archive:
        archive.addfile(info)
    assert receive(tmp_path / "w.tar", tmp_path / "into").ignored == (".venv/",)


def test_encrypted(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"x.py": b"x"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    refused(path, "password")


def test_entries_that_share_bytes(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"a": b"x" * 100, "b": b"x" * 100})
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(data)
    refused(path, "overlaps")


def test_other_compression(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", b"x")
    refused(tmp_path / "w.zip", "method")


SMALL = IntakeLimits(
    files=3, entries=8, total_bytes=1_000, file_bytes=600, ratio=10, ratio_from_bytes=400, directory_bytes=700
)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({f"{n}": b"" for n in range(4)}, "more than 3 files"),
        ({f"d{n}/": b"" for n in range(9)}, "more than 8 entries"),
        ({f"{n:0100}": b"" for n in range(6)}, "list of contents"),
        ({"x": os.urandom(601)}, "600"),
        ({"x": os.urandom(500), "y": os.urandom(400), "z": os.urandom(200)}, "1,000 bytes"),
        ({"x": bytes(2_000)}, "10 times"),
    ],
)
def test_limits_of_a_zip(tmp_path, files, words):
    refused(make_zip(tmp_path / "w.zip", files), words, SMALL)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({f"{n}": b"" for n in range(4)}, "more than 3 files"),
        ({"x": os.urandom(601)}, "600"),
        ({"x": os.urandom(500), "y": os.urandom(400), "z": os.urandom(200)}, "1,000 bytes"),
    ],
)
def test_limits_of_a_folder_and_a_tar(tmp_path, files, words):
    refused(make_folder(tmp_path / "f" / "w", files), words, SMALL)
    refused(make_tar(tmp_path / "w.tar", files), words, SMALL)


def test_a_gzip_bomb_is_stopped_while_it_unpacks(tmp_path):
    with gzip.open(tmp_path / "w.tar.gz", "wb") as file:
        file.write(bytes(2_000_000))
    refused(tmp_path / "w.tar.gz", "times its size", SMALL)


def pax(kind: bytes, body: bytes) -> bytes:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = kind, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def empty_file(name: str) -> bytes:
    return tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT)


def test_a_tar_whose_global_header_has_thousands_of_settings(tmp_path):
    """Each entry gets a copy of them: 300 entries of a 1 MB archive once took 550 MB."""
    settings = b"".join(b"12 k%06d=\n" % number for number in range(80_000))
    (tmp_path / "w.tar").write_bytes(pax(b"g", settings) + empty_file("a") + bytes(1_024))
    refused(tmp_path / "w.tar", "impossible length")


def test_settings_for_all_entries_are_not_kept_with_each(tmp_path):
    data = pax(b"g", b"13 comment=x\n") + b"".join(empty_file(f"f{number}") for number in range(5)) + bytes(1_024)
    (tmp_path / "w.tar").write_bytes(data)
    with contextlib.ExitStack() as stack:
        entries = [*archive_entries(tmp_path / "w.tar", ".tar", IntakeLimits(), stack)]
        members = [cell.cell_contents for entry in entries for cell in entry.open.__closure__]
        assert [one.pax_headers for one in members if isinstance(one, tarfile.TarInfo)] == [{}] * 5


def test_headers_upon_headers(tmp_path):
    (tmp_path / "w.tar").write_bytes(pax(b"g", b"13 comment=x\n") * 2_000 + empty_file("a") + bytes(1_024))
    refused(tmp_path / "w.tar", "impossible length|damaged")


def test_a_tar_of_which_a_part_cannot_be_read_is_not_taken_for_the_whole(tmp_path):
    files = dict.fromkeys(("a.py", "b.py", "c.py"), b"x" * 512)
    path = make_tar(tmp_path / "w.tar", files)
    data = bytearray(path.read_bytes())
    data[1_024 + 10] ^= 1  # in the second header, whose checksum then is wrong
    path.write_bytes(data)
    refused(path, "damaged: after 1 entries")


def test_a_tar_with_a_file_of_less_than_nothing(tmp_path):
    info = tarfile.TarInfo("x")
    info.size = -512
    (tmp_path / "w.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1_024))
    refused(tmp_path / "w.tar", "a file of -512 bytes")


def test_a_tar_with_a_name_of_megabytes(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 3 * 2**20
    (tmp_path / "w.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(3 * 2**20 + 1_024))
    refused(tmp_path / "w.tar", "impossible length")


def test_entries_are_counted_before_they_are_read(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "w.zip", {f"{number}": b"" for number in range(9)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(path, "more than 8 entries", SMALL)


def test_a_zip_that_lies_about_its_sizes(tmp_path):
    path = make_zip(tmp_path / "w.zip", {"x": bytes(300_000)})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\1\2")
    data[central + 24 : central + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    refused(path, "damaged|more bytes")


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz"])
@pytest.mark.parametrize("data", [b"", b"<html>Sign in</html>", b"PK\5\6", bytes(600), b"\x1f\x8b\x08garbage" * 90])
def test_not_an_archive(tmp_path, suffix, data):
    if suffix != ".zip" and data == bytes(600):
        pytest.skip("600 zeros are an empty .tar")
    (tmp_path / f"w{suffix}").write_bytes(data)
    refused(tmp_path / f"w{suffix}", "empty|not a .zip|damaged")


def test_a_web_page_named_zip_is_called_that(tmp_path):
    (tmp_path / "w.zip").write_bytes(b"<!DOCTYPE html><html>Sign in</html>")
    refused(tmp_path / "w.zip", "looks like a web page")


@pytest.mark.parametrize("name", ["w.rar", "w.docx", "w.exe", "w"])
def test_kinds_that_are_not_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    refused(tmp_path / name, "not read")
