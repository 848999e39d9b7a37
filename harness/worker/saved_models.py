"""Saved models as hand-ins: `.keras`, `.h5` and SavedModel folders are read here, inside the sandbox.

Nothing in them is run or unpickled, and `load_model` is not called: a configuration is JSON and becomes a graph
(`saved_config`), weights are arrays (`saved_weights`, `saved_hdf5`, `saved_folder`). Trusted code checks the graph
against its allow-list, builds the model itself, and says what it found (`harness.findings`):

- `saved-model-refused`: a layer or a class that is not on the list (Lambda, TFSMLayer, one of the hand-in's own);
- `saved-model-unreadable`: not what its name says (a pickle, HTML, cut off, empty), or damaged;
- `saved-model-too-large`: declares more than is read;
- `saved-model-legacy`: a format that does not tell the architecture, with the way to convert it;
- `saved-model-not-measured`: read, but inputs or outputs are not the assignment's, or the weights not the model's.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from harness.recording import SavedModelRecord
from harness.worker import saved_folder, saved_weights
from harness.worker.cells import clean, file_name, natural
from harness.worker.frames import FrameWriter
from harness.worker.saved_compile import compiled_with
from harness.worker.saved_config import ConfigError, ForeignModelError, Layer, Tree, plainly, read_model
from harness.worker.saved_graph import Graphs, SavedGraph
from harness.worker.saved_hdf5 import Hdf5, TooLarge, UnreadableFile
from harness.worker.saved_weights import Arrays, ByLayer

SUFFIXES = (".keras", ".h5", ".hdf5")
MAX_MODELS = 64
MAX_BYTES = 64 * 2**20  # of the weights of one file
MAX_ALL_BYTES = 192 * 2**20
MAX_CONFIG = 8 * 2**20
_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAGIC = (
    (b"PK\x03\x04", "a zip archive"), (b"\x89HDF\r\n\x1a\n", "an HDF5 file"), (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"), (b"Rar!", "a RAR archive"), (b"%PDF", "a PDF"), (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"), (b"\x7fELF", "a program"), (b"MZ", "a program"),
    (b"\x93NUMPY", "an array of NumPy's"), (b"version https://git-lfs", "a pointer of Git LFS, without the file"),
    (b"\x80\x02", "a pickle"), (b"\x80\x03", "a pickle"), (b"\x80\x04", "a pickle"), (b"\x80\x05", "a pickle"),
)  # fmt: skip
Format = Literal["keras", "hdf5", "weights", "saved_model", "unknown"]
Fault = Literal["refused", "unreadable", "too_large", "legacy"]


class LegacyFormat(ValueError):
    """A format that does not tell the architecture; the message completes "it …"."""


@dataclass(frozen=True)
class Read:
    """What a file holds: a model (`tree`), or weights alone (`named`)."""

    format: Format
    tree: Tree | None = None
    weights: ByLayer | None = None
    named: dict[str, Arrays] | None = None
    compiled: dict[str, Any] | None = None
    version: str = ""


def handed_in(folder: Path) -> list[Path]:
    """The saved models in a hand-in, in natural order of their names: files, and folders of TensorFlow's."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        if path.name == saved_folder.GRAPH:
            found.append(path.parent)
        elif path.suffix.lower() in SUFFIXES or _is_checkpoint(path):
            found.append(path)
    own = {path / part for path in found if path.is_dir() for part in saved_folder.PARTS}
    inside = [path for path in found if not own.isdisjoint(path.parents)]
    return sorted(set(found) - set(inside), key=lambda path: natural(path, folder))[:MAX_MODELS]


def _is_checkpoint(path: Path) -> bool:
    """The index of TensorFlow's checkpoint, or the graph beside that of TensorFlow 1."""
    return path.suffix == ".index" and any(path.parent.glob(f"{path.stem}.data-*"))


def read_all(folder: Path, frames: FrameWriter) -> tuple[SavedModelRecord, ...]:
    """What each saved model of the hand-in in `folder` is; its weights are sent as frames."""
    graphs = Graphs()
    room = MAX_ALL_BYTES
    made = []
    for number, path in enumerate(handed_in(folder), start=1):
        name = file_name(path if path != folder else path / saved_folder.GRAPH, folder)
        record, used = _record(number, path, name, graphs, frames, min(room, MAX_BYTES))
        room -= used
        made.append(record)
    return tuple(made)


def _record(
    number: int, path: Path, name: str, graphs: Graphs, frames: FrameWriter, room: int
) -> tuple[SavedModelRecord, int]:
    """The record of one file, and how many bytes of weights it took."""
    fault: Fault = "unreadable"
    try:
        return _told(number, name, read(path, room), graphs, frames)
    except ForeignModelError as error:
        fault, problem = "refused", str(error)
    except (TooLarge, MemoryError) as error:
        fault, problem = "too_large", str(error) or "needs too much memory"
    except LegacyFormat as error:
        fault, problem = "legacy", str(error)
    except (UnreadableFile, ConfigError) as error:
        problem = str(error)
    except Exception as error:  # whatever the readers of h5py, zipfile and TensorFlow raise where a file is damaged
        problem = f"is damaged ({type(error).__name__}: {error})"
    return _without(number, name, _format(path), fault, problem), 0


def _told(number: int, name: str, found: Read, graphs: Graphs, frames: FrameWriter) -> tuple[SavedModelRecord, int]:
    graph = None
    order = list((found.named or {}).values())
    if found.tree is not None:
        weights = found.weights or {}
        graph = _graph(found.tree, {layer: _hash(arrays) for layer, arrays in weights.items()}, graphs)
        order = [weights.get(layer, []) if layer is not None else [] for layer in graph.sources]
    record = SavedModelRecord(
        **(dict(graph.graph) if graph else {}),
        id=f"saved-{number}",
        file=clean(name)[:300],
        format=found.format,
        version=clean(found.version)[:300],
        weights=_sent(number, order, frames),
        names=tuple(clean(one)[:300] for one in found.named or ())[:512],
        **(found.compiled or {}),
    )
    return record, sum(values.nbytes for arrays in order for values in arrays)


def _graph(tree: Tree, hashes: dict[Layer, bytes | None], graphs: Graphs) -> SavedGraph:
    """The graph of a model; where its calls make none, a class that is not Keras's own is what is told of it."""
    try:
        return graphs.of(tree, hashes)
    except ConfigError:
        strange = next((leaf.class_name for leaf in tree.leaves() if leaf.class_name.startswith("custom:")), None)
        if strange is None:
            raise
        name = strange.removeprefix("custom:")
        raise ForeignModelError(f"has a layer `{name}`, which is no class of Keras's") from None


def _hash(arrays: Arrays) -> bytes | None:
    """What tells the weights of a layer; None where it has none."""
    if not arrays:
        return None
    digest = hashlib.blake2b(digest_size=16)
    for values in arrays:
        digest.update(f"{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _sent(number: int, order: list[Arrays], frames: FrameWriter) -> tuple[tuple[str, ...], ...]:
    names = []
    for place, arrays in enumerate(order[:512]):
        of_layer = [f"saved-{number}-{place}-{position}" for position in range(len(arrays))]
        for name, values in zip(of_layer, arrays, strict=True):
            if not frames.array(name, values):
                return ()
        names.append(tuple(of_layer[:64]))
    return tuple(names)


def _without(number: int, name: str, kind: Format, fault: Fault, problem: str) -> SavedModelRecord:
    """The record of a file that tells nothing but why."""
    return SavedModelRecord(
        id=f"saved-{number}", file=clean(name)[:300], format=kind, fault=fault, problem=clean(problem)[:2_000]
    )


def _format(path: Path) -> Format:
    if path.is_dir():
        return "saved_model"
    return {".keras": "keras", ".h5": "hdf5", ".hdf5": "hdf5"}.get(path.suffix.lower(), "unknown")  # type: ignore[return-value]  # a dict forgets its literals


# --- one file


def read(path: Path, room: int) -> Read:
    """What a file or folder holds. Raises UnreadableFile, TooLarge, LegacyFormat, ConfigError, and what the readers
    of damaged files raise."""
    if path.is_dir():
        return _read_folder(path, room)
    if path.suffix == ".index":
        raise LegacyFormat(
            "is a checkpoint of TensorFlow's, which holds weights and no architecture. Load it where it was made "
            'and save the model with `model.save("model.keras")`'
        )
    with path.open("rb") as file:
        start = file.read(512)
    kind = kind_of(start)
    if kind == "an HDF5 file":  # `.keras` of early Keras 2 may be one
        return _read_hdf5(path, room)
    if kind == "a zip archive" and path.suffix.lower() in SUFFIXES:
        return _read_zip(path, room)
    raise UnreadableFile(f"is {kind}, whatever its name says")


def kind_of(start: bytes) -> str:
    """What a file is by its first bytes, with an article."""
    if not start:
        return "an empty file"
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    try:
        text = start.decode("utf-8").strip().lower()
    except UnicodeDecodeError as error:
        text = start[: error.start].decode("utf-8").strip().lower() if error.start > 400 else ""
    if text.startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        return "a web page (HTML)"
    if text.startswith(("{", "[")):
        return "a JSON file"
    return "a text file" if text else "a file of an unknown kind"


def _read_zip(path: Path, room: int) -> Read:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) > 1_000:
                raise TooLarge(f"is a zip archive of {len(names):,} files")
            if _CONFIG not in names:
                raise UnreadableFile(f"is a zip archive without the {_CONFIG} of a Keras model")
            config = _json(_member(archive, _CONFIG, MAX_CONFIG))
            metadata = _json(_member(archive, _METADATA, MAX_CONFIG)) if _METADATA in names else {}
            version = str(metadata.get("keras_version", "")) if isinstance(metadata, dict) else ""
            tree = read_model(config)
            if _WEIGHTS not in names:
                raise UnreadableFile(f"is a Keras model without its {_WEIGHTS}")
            weights = _member(archive, _WEIGHTS, room + 2**20)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableFile(f"is a zip archive that is cut off or damaged ({error})") from None
    kind = kind_of(weights[:512])
    if kind != "an HDF5 file":
        raise UnreadableFile(f"has a {_WEIGHTS} that is {kind}")
    with _opened(io.BytesIO(weights)) as file:
        by_layer = saved_weights.of_keras_3(Hdf5(file, room), tree)
    compiled = config.get("compile_config") if isinstance(config, dict) else None
    return Read("keras", tree, by_layer, compiled=compiled_with(compiled), version=version)


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A file of the archive, header first: neither what it declares nor what it unpacks to is more than `most`."""
    about = archive.getinfo(name)
    if about.file_size > most:
        raise TooLarge(f"declares a {name} of {about.file_size:,} bytes; {most:,} are read")
    if about.flag_bits & 1:
        raise UnreadableFile("is encrypted")
    with archive.open(about) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"has a {name} that unpacks to more than {most:,} bytes")
    return data


def _json(data: bytes) -> Any:
    try:
        return plainly(json.loads(data))
    except ConfigError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"has a configuration that is no JSON ({type(error).__name__})") from None


def _opened(source: Path | IO[bytes]) -> Any:
    import h5py

    try:
        return h5py.File(source, "r", locking=False) if isinstance(source, Path) else h5py.File(source, "r")
    except OSError as error:
        raise UnreadableFile(f"is an HDF5 file that is cut off or damaged ({str(error)[:200]})") from None


def _read_hdf5(path: Path, room: int) -> Read:
    with _opened(path) as opened:
        file = Hdf5(opened, room)
        config = file.text(file.root, "model_config")
        version = file.text(file.root, "keras_version") or ""
        if config is not None:
            tree = read_model(_json(config.encode()))
            trained = file.text(file.root, "training_config")
            compiled = compiled_with(_json(trained.encode())) if trained is not None else {}
            return Read("hdf5", tree, saved_weights.of_keras_2(file, tree), compiled=compiled, version=version)
        if saved_weights.has_keras_2(file):
            return Read("weights", named=saved_weights.named_of_keras_2(file), version=version)
        if saved_weights.is_keras_3(file):
            return Read("weights", named=saved_weights.named_of_keras_3(file), version=version)
        raise UnreadableFile("is an HDF5 file that holds no Keras model")


def _read_folder(folder: Path, room: int) -> Read:
    config = plainly(saved_folder.configuration(folder))
    if config is None:
        raise LegacyFormat(
            "is a SavedModel that holds a compiled graph, which is not run, and no configuration of Keras's. Load "
            'it where it was made and save the model with `model.save("model.keras")`'
        )
    tree = read_model(config)
    if not (folder / f"{saved_folder.VARIABLES}.index").is_file():
        raise UnreadableFile("is a SavedModel without its variables")
    weights = saved_weights.of_checkpoint(str(folder / saved_folder.VARIABLES), tree, room)
    compiled = compiled_with(config.get("training_config"))
    return Read("saved_model", tree, weights, compiled=compiled, version=str(config.get("keras_version", "")))
