"""Arrays that nobody recognised: their values cross the wall themselves, within limits."""

from __future__ import annotations

import hashlib

import numpy as np

from harness.worker.frames import FrameWriter
from harness.worker.keys import Array

MIB = 2**20
ARRAY_BYTES = 192 * MIB
TOTAL_BYTES = 256 * MIB  # two float32 arrays of MNIST's training images are 359 MiB


class Contents:
    """Sends arrays as frames, each once, until a run has sent `total_bytes`; none above `array_bytes`."""

    def __init__(self, frames: FrameWriter, array_bytes: int = ARRAY_BYTES, total_bytes: int = TOTAL_BYTES) -> None:
        self._frames = frames
        self._array_bytes = array_bytes
        self._total_bytes = total_bytes
        self._sent: dict[str, int] = {}

    def send(self, array: Array) -> tuple[str | None, str | None]:
        """The name of the frame that holds `array`, or else the words that say why there is none.

        Bytes and truth values cross as they are, whole numbers that fit as int32, all else as float32.
        """
        dtype = _crossing(array)
        size = array.size * dtype.itemsize
        if size > self._array_bytes:
            most = self._array_bytes / MIB
            return None, f"the array of {size / MIB:,.0f} MiB was not kept: at most {most:,.0f} MiB are"
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(array.astype(dtype, copy=False))
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            return None, "the array was not kept: it holds values that are no numbers (NaN or infinity)"
        digest = hashlib.sha256(f"{dtype}{values.shape}".encode())
        digest.update(values.data)
        name = f"content-{digest.hexdigest()[:16]}"
        if name not in self._sent:
            before = sum(self._sent.values())
            if before + size > self._total_bytes:
                return None, (
                    f"the array of {size / MIB:,.0f} MiB was not kept: with the {before / MIB:,.0f} MiB of arrays "
                    f"before it, that is more than the {self._total_bytes / MIB:,.0f} MiB that one run may keep"
                )
            self._frames.array(name, values)
            self._sent[name] = size
        return name, None


def _crossing(array: Array) -> np.dtype[np.generic]:
    """The type in which an array crosses."""
    if array.dtype in (np.uint8, np.bool_):
        return array.dtype
    small = np.iinfo(np.int32)
    if array.dtype.kind in "iu" and array.size and array.min() >= small.min and array.max() <= small.max:
        return np.dtype(np.int32)
    return np.dtype(np.float32)
