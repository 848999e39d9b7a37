"""Every reader of hostile bytes, on bytes that were valid once and on bytes that never were: a value, or the
module's own error, and nothing else."""

from __future__ import annotations

import base64
import gzip
import io
import struct
import tarfile
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notebooks import code, md, notebook, notebook_3, write
from PIL import Image

from harness.intake import IntakeLimits, IntakeRefused, receive
from harness.results import GalleryRow
from harness.sandbox.base import Limits
from harness.sandbox.frames import FrameError, FrameReader, read_frames
from harness.strips import figure, pieces
from harness.worker.cells import UnreadableFileError, read_notebook, read_source

bounded = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def changed(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes that were valid: some changed, cut out, put in, or twice there."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 12))
        kind = draw(st.sampled_from(["change", "cut", "insert", "repeat", "end"]))
        if kind == "change":
            data[place : place + length] = draw(st.binary(min_size=length, max_size=length))
        elif kind == "cut":
            del data[place : place + length]
        elif kind == "insert":
            data[place:place] = draw(st.binary(max_size=12) | st.sampled_from(ODD))
        elif kind == "repeat":
            data[place:place] = data[place : place + 8 * length]
        else:
            del data[place:]
    return bytes(data)


ODD = [
    b"\xff" * 8,
    b"\0" * 8,
    b"9" * 400,
    b"[" * 300,
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"-",
    b"\x1b[2J",
]


# --- frames


def frame(kind: bytes, name: str, payload: bytes) -> bytes:
    return b"HRN1" + kind + struct.pack(">H", len(name)) + name.encode() + struct.pack(">Q", len(payload)) + payload


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


FRAMES = frame(b"A", "x", npy(np.ones((3, 4), "f4"))) + frame(b"J", "r", b"{}") + frame(b"P", "f", b"png")
LIMITS = Limits(recording_bytes=1_000, array_bytes=2_000, figure_bytes=500, frame_bytes_total=5_000, arrays=3)


@bounded
@given(changed(FRAMES))
def test_frames(data):
    reader = FrameReader(LIMITS)
    try:
        reader.feed(data)
    except FrameError as error:
        assert len(str(error)) < 500
    frames = reader.frames
    held = sum(array.nbytes for array in frames.arrays.values()) + len(frames.recording or b"")
    assert held + sum(map(len, frames.figures.values())) <= len(data)


def test_frames_that_are_whole_are_read_all():
    assert set(read_frames(FRAMES, LIMITS).arrays) == {"x"}


# --- archives


FILES = {"report.ipynb": b"{}", "src/net.py": b"import keras\n" * 9, "answers.md": b"# 1\n"}
SMALL = IntakeLimits(files=8, entries=20, total_bytes=10_000, file_bytes=5_000, directory_bytes=2_000)


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def a_tar(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(data), {"comment": "ä"}
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


ARCHIVES = {
    "zip": (".zip", a_zip()),
    "ustar": (".tar", a_tar(tarfile.USTAR_FORMAT)),
    "gnu": (".tar", a_tar(tarfile.GNU_FORMAT)),
    "pax": (".tar", a_tar(tarfile.PAX_FORMAT)),
    "gz": (".tar.gz", gzip.compress(a_tar(tarfile.PAX_FORMAT))),
}
STARTS = st.sampled_from([b"", b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", b"ustar"])


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_are_whole_as_they_are(kind, tmp_path):
    suffix, whole = ARCHIVES[kind]
    (tmp_path / f"work{suffix}").write_bytes(whole)
    assert {file.name for file in receive(tmp_path / f"work{suffix}", tmp_path / "into").files} == FILES.keys()


@pytest.mark.parametrize("kind", ARCHIVES)
@bounded
@given(data=st.data())
def test_archives(kind, data, tmp_path_factory):
    suffix, whole = ARCHIVES[kind]
    folder = tmp_path_factory.mktemp("archive")
    arbitrary = st.tuples(STARTS, st.binary(max_size=600)).map(b"".join)
    (folder / f"work{suffix}").write_bytes(data.draw(changed(whole) | arbitrary))
    try:
        received = receive(folder / f"work{suffix}", folder / "into", SMALL)
    except IntakeRefused as error:
        assert str(error).isprintable()
        assert not (folder / "into").exists()
        return
    assert sum(file.bytes for file in received.files) <= SMALL.total_bytes
    assert {path.name for path in folder.iterdir()} == {f"work{suffix}", "into"}


HEADER = tarfile.TarInfo("a.py").tobuf(tarfile.GNU_FORMAT)
FIELDS = {"name": (0, 100), "mode": (100, 8), "size": (124, 12), "type": (156, 1), "link": (157, 100)}


@bounded
@given(
    st.sampled_from(sorted(FIELDS)), st.binary(max_size=12) | st.sampled_from([b"\x80" + bytes(11), b"\xff" * 12])
)
def test_headers_of_a_tar_with_a_right_checksum(tmp_path_factory, field, value):
    """The checksum is no wall: whoever writes the header writes that too."""
    folder = tmp_path_factory.mktemp("tar")
    start, length = FIELDS[field]
    header = bytearray(HEADER)
    header[start : start + length] = value[:length].ljust(length, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (folder / "work.tar").write_bytes(bytes(header) + HEADER + bytes(1_024))
    try:
        receive(folder / "work.tar", folder / "into", SMALL)
    except IntakeRefused:
        assert not (folder / "into").exists()


# --- notebooks and scripts


NOTEBOOKS = (
    notebook(md("# A"), code("x = 1", "printed\n"), "y = 'ü'").encode(),
    notebook_3("x = 1", "y = 2").encode(),
)


@pytest.mark.filterwarnings("ignore")  # nbformat warns of whatever it repairs
@pytest.mark.parametrize("whole", NOTEBOOKS, ids=["today's", "of old"])
@bounded
@given(data=st.data())
def test_notebooks(whole, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    write(folder, {"a.ipynb": data.draw(changed(whole) | st.binary(max_size=300))})
    try:
        read, passages = read_notebook(folder / "a.ipynb", "a.ipynb")
    except UnreadableFileError as error:
        assert len(str(error)) < 300
        return
    for text in [*(cell.text for cell in read), *(passage.text for passage in passages)]:
        text.encode()  # no half of a pair: it could not be sent


@bounded
@given(changed("# -*- coding: utf-8 -*-\nx = 'ü'\r\n".encode()) | st.binary(max_size=200))
def test_scripts(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("script")
    write(folder, {"a.py": data})
    assert isinstance(read_source(folder / "a.py"), str)


# --- pictures


def png(mode: str = "L", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (280, 28)).save(out, "PNG", **more)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(*chunks: bytes) -> bytes:
    whole = png()
    return whole[:33] + b"".join(chunks) + whole[33:]  # behind the header


def chunks_of(data: bytes) -> list[bytes]:
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        found.append(data[place + 4 : place + 8])
        place += 12 + length
    return found


def shown(data: bytes) -> list[bytes]:
    """The bytes of a picture that reach a page, read as a strip and as a figure."""
    encoded = base64.b64encode(data).decode()
    made = [*pieces(GalleryRow(label="x", png=encoded, images=10)), figure(encoded, "x")]
    return [base64.b64decode(str(one.source).partition(",")[2]) for one in made if one is not None]


def assert_ours(data: bytes) -> None:
    for picture in shown(data):
        assert set(chunks_of(picture)) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


FLOOD = zlib.compress(bytes(8 * 2**20))
PICTURES = {
    "plain": png(),
    "coloured": png("RGB"),
    "profile": png(icc_profile=b"hostile" * 200),
    "text": with_chunks(chunk(b"tEXt", b"Comment\0<script>"), chunk(b"eXIf", b"MM\0*hostile")),
    "compressed text": with_chunks(chunk(b"zTXt", b"Comment\0\0" + FLOOD)),
    "flood of chunks": with_chunks(*[chunk(b"tEXt", b"k\0v")] * 20_000),
    "animated": with_chunks(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    "transparent": png(transparency=0),
    "trailing": png() + b"<script>alert(1)</script>" * 10,
}


@pytest.mark.parametrize("name", PICTURES)
def test_only_pixels_of_a_picture_reach_a_page(name):
    assert_ours(PICTURES[name])
    assert shown(PICTURES["plain"])


@pytest.mark.parametrize("size", [(2**31 - 1, 1), (1, 2**31 - 1), (60_000, 60_000), (0, 28), (8_193, 28)])
def test_pictures_of_other_sizes_are_not_decoded(size):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    assert shown(png()[:8] + header + png()[33:]) == []


@bounded
@given(
    st.sampled_from([PICTURES["plain"], PICTURES["coloured"], PICTURES["profile"], PICTURES["text"]]).flatmap(
        changed
    )
)
def test_pictures(data):
    assert_ours(data)
