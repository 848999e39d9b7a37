"""Writing frames: how a recording and its arrays leave the sandbox.

One frame is `HRN1`, a kind byte, the name's length (2 bytes), the name, the payload's length (8 bytes), the
payload; numbers are big-endian. The reader is `harness.sandbox.frames`, on the trusted side.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from harness.recording import Recording

MAGIC = b"HRN1"
MAX_ARRAYS = 2_000
MAX_ARRAY_BYTES = 384 * 2**20  # of all arrays together; the reader ends a run that sends more than its limits


class FrameWriter:
    """Sends frames to the harness. The last recording sent is the one that counts."""

    def __init__(self, channel: BinaryIO) -> None:
        self._channel = channel
        self._sent: set[str] = set()
        self._bytes = 0

    def recording(self, recording: Recording) -> None:
        """Send what was observed so far."""
        payload = recording.model_dump_json().encode()
        self._start(b"J", "recording", len(payload))
        self._channel.write(payload)
        self._channel.flush()

    def array(self, name: str, array: NDArray[np.generic]) -> bool:
        """Send an array as `.npy`, once for each name. False where no more can be sent."""
        if name in self._sent:
            return True
        values = np.ascontiguousarray(array)
        if values.dtype.hasobject:
            raise ValueError("Object arrays cannot be sent")
        if len(self._sent) >= MAX_ARRAYS or self._bytes + values.nbytes > MAX_ARRAY_BYTES:
            return False
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(values))
        self._start(b"A", name, len(header.getvalue()) + values.nbytes)
        self._channel.write(header.getvalue())
        self._channel.write(values.reshape(-1).view(np.uint8).data)
        self._channel.flush()
        self._sent.add(name)
        self._bytes += values.nbytes
        return True

    def _start(self, kind: bytes, name: str, length: int) -> None:
        label = name.encode()
        self._channel.write(MAGIC + kind + struct.pack(">H", len(label)) + label + struct.pack(">Q", length))
