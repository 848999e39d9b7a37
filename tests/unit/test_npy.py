"""Arrays cross the wall as .npy whose header is matched, never evaluated."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.sandbox.base import Limits
from harness.sandbox.frames import FrameError, read_npy

LIMITS = Limits(array_bytes=100_000)


def npy(array: np.ndarray, pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickle)
    return buffer.getvalue()


def with_header(header: str, values: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1") + b"\n"
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + size + text + values


@given(
    st.sampled_from(["u1", "?", "<i4", "<i8", "<f4", "<f8"]).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4))
    )
)
def test_what_numpy_writes_comes_back(array):
    read = read_npy(npy(array), LIMITS)
    assert read.dtype == array.dtype
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)
    assert not read.flags.writeable


def test_version_2_is_read():
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.arange(3.0), version=(2, 0))
    assert read_npy(buffer.getvalue(), LIMITS).tolist() == [0, 1, 2]


HEADER = "{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (npy(np.array([{}], dtype=object), pickle=True), "header"),
        (npy(np.zeros(3, "f2")), "dtype"),
        (npy(np.zeros(3, ">f4")), "header"),
        (npy(np.zeros(3, "c8")), "dtype"),
        (npy(np.zeros(3, "U3")), "header"),
        (npy(np.zeros(3, "M8[s]")), "header"),
        (npy(np.zeros(3, [("a", "f4")])), "header"),
        (npy(np.asfortranarray(np.zeros((3, 3)))), "Fortran"),
        (npy(np.zeros(3))[:-1], "values"),
        (npy(np.zeros(3)) + b"\0", "values"),
        (npy(np.zeros((1,) * 9)), "9 dimensions"),
        (with_header(HEADER.format("<f8", False, "(1000000, 1000000)")), "at most"),
        (with_header(HEADER.format("<f8", False, "(0, 999999999999, 999999999999, 9)")), "impossible shape"),
        (with_header(HEADER.format("<f8", False, "(-1,)")), "header"),
        (with_header(HEADER.format("<f8", False, "(True,)"), bytes(8)), "header"),
        (with_header(HEADER.format("<f8", False, "(" + "9" * 4_000 + ",)")), "header"),
        (with_header("__import__('os').system('true')"), "header"),
        (with_header("[" * 4_000), "header"),
        (with_header(HEADER.format("<f8", False, "(1,)"), bytes(8), b"\x03\x00"), "version"),
        (b"\x93NUMPY\x01\x00\xff\xff", "length"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100, "length"),
        (b"\x93NUMPY\x02\x00\x01", "length"),
        (b"\x93NUMPY", "version"),
        (b"PK\3\4", "npy"),
        (with_header(HEADER.format("|b1", False, "(2,)"), b"\x01\x02"), "neither 0 nor 1"),
    ],
)
def test_what_is_refused(data, words):
    with pytest.raises(FrameError, match=words):
        read_npy(data, LIMITS)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_array_or_a_frame_error(data):
    for start in (b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00"):
        try:
            read_npy(start + data, LIMITS)
        except FrameError:
            continue


@given(st.data())
def test_a_changed_byte_gives_an_array_or_a_frame_error(data):
    good = bytearray(npy(np.arange(12, dtype="<f4").reshape(3, 4)))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        array = read_npy(bytes(good), LIMITS)
    except FrameError:
        return
    assert array.nbytes <= len(good)
