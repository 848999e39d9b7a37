"""What goes over a trainer's pipes: messages, each one line of JSON and then the arrays that it announces.

`arrays` of a message gives their names and the lengths in bytes of the .npy files that follow it back to back, in
that order. No file is shared, so the trainer needs no folder of the coordinator's, nor the coordinator one of its.
This module is the trusting side: it writes for both, and reads what the coordinator sent. What a trainer answers is
read by `harness.training.answers`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


def send(stream: BinaryIO, message: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write a message and its arrays. Raises OSError where nobody reads, ValueError for arrays of objects."""
    packed = {name: _packed(array) for name, array in (arrays or {}).items()}
    announced = {"arrays": {name: len(data) for name, data in packed.items()}} if packed else {}
    stream.write(json.dumps({**message, **announced}).encode() + b"\n")
    for data in packed.values():
        stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """The next message and its arrays; None where the other side has closed or ended."""
    message = json.loads(stream.readline() or "null")
    if message is None:
        return None
    arrays: dict[str, NDArray[Any]] = {}
    for name, length in message.pop("arrays", {}).items():
        data = stream.read(length)
        if len(data) < length:
            return None
        arrays[name] = np.load(io.BytesIO(data), allow_pickle=False)
    return message, arrays


def _packed(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()
