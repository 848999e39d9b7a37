"""A SavedModel: a folder of TensorFlow's with a graph, variables and, of some versions of Keras, a configuration.

The graph is a program, which is not run. The configuration stands as JSON within protocol buffers: in
`keras_metadata.pb` (Keras 2.5 to 2.15), or within `saved_model.pb` itself (before). A folder that today's
`model.export` made has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.worker.saved_hdf5 import TooLarge, UnreadableFile

GRAPH = "saved_model.pb"
METADATA = "keras_metadata.pb"
VARIABLES = Path("variables") / "variables"
PARTS = ("variables", "assets", "assets.extra")  # its own folders
MAX_GRAPH = 64 * 2**20  # bytes
MAX_NODES = 100_000


def configuration(folder: Path) -> dict[str, Any] | None:
    """The model's {"class_name", "config", "training_config", …}; None where the folder has none. Raises
    UnreadableFile and TooLarge."""
    metadata = folder / METADATA
    found = _from_metadata(_bytes(metadata)) if metadata.is_file() else _from_graph(_bytes(folder / GRAPH))
    for text in found:
        try:
            made = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(made, dict) and isinstance(made.get("config"), dict) and made.get("class_name"):
            return made
    return None


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_GRAPH:
        raise TooLarge(f"has a {path.name} of {size:,} bytes; {MAX_GRAPH:,} are read")
    return path.read_bytes()


def _from_metadata(data: bytes) -> Iterator[str]:
    """SavedMetadata{nodes=1}, of which the root says what model it is: {node_path=3, identifier=4, metadata=5}."""
    for node in _messages(data, 1):
        values = dict(_fields(node))
        if values.get(3) == b"root" and isinstance(text := values.get(5), bytes):
            yield text.decode("utf-8", "replace")


def _from_graph(data: bytes) -> Iterator[str]:
    """SavedModel{meta_graphs=2}{object_graph_def=7}{nodes=1}{user_object=4}{metadata=3}; the root comes first."""
    for graph in _messages(data, 2):
        for objects in _messages(graph, 7):
            for node in _messages(objects, 1):
                for user in _messages(node, 4):
                    for text in _messages(user, 3):
                        yield text.decode("utf-8", "replace")
                break


def _messages(data: bytes, number: int) -> Iterator[bytes]:
    for found, value in _fields(data):
        if found == number and isinstance(value, bytes):
            yield value


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a protocol buffer, in order: number and value. Raises UnreadableFile."""
    at = 0
    for _ in range(MAX_NODES):
        if at >= len(data):
            return
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise UnreadableFile("is no protocol buffer")
        if at + length > len(data):
            raise UnreadableFile("is cut off")
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise UnreadableFile("is cut off")
