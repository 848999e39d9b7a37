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


class FrameWriter:
    """Sends frames to the harness. The last recording sent is the one that counts."""

    def __init__(self, channel: BinaryIO) -> None:
        self._channel = channel
        self._sent: set[str] = set()

    def recording(self, recording: Recording) -> None:
        """Send what was observed so far."""
        self._send(b"J", "recording", recording.model_dump_json().encode())

    def array(self, name: str, array: NDArray[np.generic]) -> None:
        """Send an array as `.npy`, once for each name."""
        if name in self._sent:
            return
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
        self._send(b"A", name, buffer.getvalue())
        self._sent.add(name)

    def _send(self, kind: bytes, name: str, payload: bytes) -> None:
        label = name.encode()
        self._channel.write(MAGIC + kind + struct.pack(">H", len(label)) + label + struct.pack(">Q", len(payload)))
        self._channel.write(payload)
        self._channel.flush()
