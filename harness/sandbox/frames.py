"""Reads the frame channel: the trusted end of the pipe that student code can write to.

A frame is the magic `HRN1`, one byte of kind (`J` a recording as JSON, `A` an array as .npy, `P` a PNG figure), the
length of its name (2 bytes, big-endian), the name (UTF-8), the length of the payload (8 bytes, big-endian) and the
payload. Lengths are checked before a byte of the payload is kept, so that hostile output costs bounded memory. What
is half a frame when the channel ends was cut off by the end of the run and is dropped. Nothing is unpickled, and
neither the recording nor the figures are decoded here.
"""

from __future__ import annotations

import math
import re
import struct

import numpy as np
from numpy.typing import NDArray

from harness.sandbox.base import Frames, Limits

MAGIC = b"HRN1"
MAX_NAME_BYTES = 200
_START = struct.Struct(">4scH")
_LENGTH = struct.Struct(">Q")

_NPY_MAGIC = b"\x93NUMPY"
_NPY_MAX_HEADER = 4096
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][a-z]\d)', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d{1,12}, ?)*(?:\d{1,12})?)\), \} *\n"
)
DTYPES = {
    b"|u1": np.uint8,
    b"|b1": np.bool_,
    b"<i4": np.int32,
    b"<i8": np.int64,
    b"<f4": np.float32,
    b"<f8": np.float64,
}


class FrameError(ValueError):
    """The channel carried something that is not a frame of ours."""


class FrameFloodError(FrameError):
    """A frame, or all frames together, beyond the limits."""


class FrameReader:
    """Takes the channel's bytes as they come (`feed`) and holds the frames that are complete (`frames`).

    After an error the reader takes nothing more: what came before stays, of a flood the recording alone; what comes
    after is ignored.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._total = 0
        self._needed = _START.size
        self._dead = False
        self._recording: bytes | None = None
        self._arrays: dict[str, NDArray[np.generic]] = {}
        self._figures: dict[str, bytes] = {}

    @property
    def frames(self) -> Frames:
        """The complete frames so far."""
        return Frames(self._recording, dict(self._arrays), dict(self._figures))

    @property
    def partial(self) -> bool:
        """True where the bytes so far end within a frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises FrameError, or FrameFloodError past a limit; never another exception."""
        if self._dead:
            return
        self._buffer += data
        try:
            while len(self._buffer) >= self._needed:
                if not self._take():
                    break
        except FrameError as error:
            self._dead = True
            self._buffer.clear()
            if isinstance(error, FrameFloodError):  # the run has failed: what flooded us is not held
                self._arrays.clear()
                self._figures.clear()
            raise

    def _take(self) -> bool:
        """Take one frame off the buffer; false, and `_needed` set, where there is not enough of it yet."""
        magic, kind, name_length = _START.unpack_from(self._buffer)
        if magic != MAGIC:
            raise FrameError("the frame channel carried something that is not a frame")
        if kind not in (b"J", b"A", b"P"):
            raise FrameError(f"a frame of the unknown kind {kind!r}")
        if name_length > MAX_NAME_BYTES:
            raise FrameError(f"a frame's name of {name_length} bytes; at most {MAX_NAME_BYTES} are read")
        name_end = _START.size + name_length
        payload_start = name_end + _LENGTH.size
        self._needed = payload_start
        if len(self._buffer) < self._needed:
            return False
        (length,) = _LENGTH.unpack_from(self._buffer, name_end)
        try:
            name = self._buffer[_START.size : name_end].decode("utf-8")
        except UnicodeDecodeError:
            raise FrameError("a frame's name is not UTF-8") from None
        self._check(kind, name, length)
        self._needed = payload_start + length
        if len(self._buffer) < self._needed:
            return False
        payload = bytes(memoryview(self._buffer)[payload_start : self._needed])
        del self._buffer[: self._needed]
        self._total += self._needed
        self._needed = _START.size
        self._keep(kind, name, payload)
        return True

    def _check(self, kind: bytes, name: str, length: int) -> None:
        """Refuse a payload by its announced length, before it is read."""
        limits = self._limits
        most = {b"J": limits.recording_bytes, b"A": limits.array_bytes, b"P": limits.figure_bytes}[kind]
        if length > most:
            raise FrameFloodError(f"a frame of {length:,} bytes; at most {most:,} are read")
        if self._total + self._needed + length > limits.frame_bytes_total:
            raise FrameFloodError(f"more than {limits.frame_bytes_total:,} bytes of frames")
        if kind == b"A" and name not in self._arrays and len(self._arrays) >= limits.arrays:
            raise FrameFloodError(f"more than {limits.arrays} arrays")
        if kind == b"P" and name not in self._figures and len(self._figures) >= limits.figures:
            raise FrameFloodError(f"more than {limits.figures} figures")

    def _keep(self, kind: bytes, name: str, payload: bytes) -> None:
        if kind == b"J":
            self._recording = payload
        elif kind == b"A":
            self._arrays[name] = read_npy(payload, self._limits)
        else:
            self._figures[name] = payload


def read_frames(data: bytes, limits: Limits) -> Frames:
    """All complete frames of a finished channel. Raises FrameError as `FrameReader.feed` does."""
    reader = FrameReader(limits)
    reader.feed(data)
    return reader.frames


def read_npy(data: bytes, limits: Limits) -> NDArray[np.generic]:
    """The array in these .npy bytes, read-only, in C order, of a dtype in `DTYPES`.

    The header is matched whole against the one form that numpy writes, never evaluated, and its shape must account
    for the rest of the bytes exactly. Raises FrameError for anything else; never another exception.
    """
    if data[:6] != _NPY_MAGIC or data[6:8] not in (b"\x01\x00", b"\x02\x00"):
        raise FrameError("an array frame that is not .npy version 1 or 2")
    start = 10 if data[6] == 1 else 12
    header_end = start + int.from_bytes(data[8:start], "little")
    if header_end - start > _NPY_MAX_HEADER or header_end > len(data):
        raise FrameError("an array frame with a header of impossible length")
    header = _NPY_HEADER.fullmatch(data[start:header_end])
    if header is None:
        raise FrameError("an array frame with a header that numpy does not write")
    descr, fortran, shape_text = header.groups()
    if descr not in DTYPES:
        raise FrameError(f"an array frame of dtype {descr.decode()}; allowed: {b' '.join(DTYPES).decode()}")
    if fortran != b"False":
        raise FrameError("an array frame in Fortran order")
    shape = tuple(int(part) for part in shape_text.split(b",") if part.strip())
    if len(shape) > limits.array_dimensions:
        raise FrameError(f"an array frame of {len(shape)} dimensions; at most {limits.array_dimensions} are read")
    dtype = np.dtype(DTYPES[descr])
    size = math.prod(shape) * dtype.itemsize
    if size > limits.array_bytes:
        raise FrameFloodError(f"an array of {size:,} bytes; at most {limits.array_bytes:,} are read")
    if size != len(data) - header_end:
        raise FrameError(f"an array frame of shape {shape} with {len(data) - header_end:,} bytes of values")
    try:
        array: NDArray[np.generic] = np.frombuffer(data, dtype, offset=header_end) if size else np.empty(0, dtype)
        array = array.reshape(shape)
    except (ValueError, OverflowError):  # a zero among dimensions whose product numpy cannot hold
        raise FrameError(f"an array frame of the impossible shape {shape}") from None
    if dtype == np.bool_ and size and array.view(np.uint8).max() > 1:
        raise FrameError("an array frame of truth values that are neither 0 nor 1")
    array.flags.writeable = False
    return array
