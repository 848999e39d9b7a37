"""Reading HDF5 files that may be hostile: what they declare is checked before a value is read.

HDF5 can declare terabytes and store nothing, point at other files, and name plugins that unpack it. Links are
followed only within the file, and only data that lie in it are read, up to a number of bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_OBJECTS = 4_096
MAX_DEPTH = 24
MAX_TEXT = 8 * 2**20  # bytes of one attribute
MAX_CHUNK = 64 * 2**20
_FILTERS = {1, 2, 3, 32000}  # deflate, shuffle, fletcher32, lzf: those that need no plugin
_SEEDS = "seed_generator"


class UnreadableFile(ValueError):
    """A file that is not what its name says, or is damaged; the message completes "it …"."""


class TooLarge(ValueError):
    """A file that declares more than is read; the message completes "it …"."""


class Hdf5:
    """One open file, and how many bytes of values may still be read from it."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room
        self._seen = 0

    @property
    def root(self) -> Any:
        """The file's root group."""
        return self._file

    def child(self, group: Any, name: str) -> Any:
        """What lies in a group under this name, or None. Raises UnreadableFile for a link out of the file."""
        import h5py

        here = group
        for part in name.replace("\\", "/").strip("/").split("/"):
            if not isinstance(here, h5py.Group):
                return None
            link = here.get(part, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise UnreadableFile(f"holds a link to other data ({type(link).__name__}), which is not followed")
            here = here[part]
        return here

    def datasets(self, group: Any, depth: int = 0) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Every data set below a group with its path, layers in the order of their names, numbers as numbers."""
        import h5py

        if depth > MAX_DEPTH:
            raise UnreadableFile(f"holds groups nested deeper than {MAX_DEPTH}")
        if len(group) > MAX_OBJECTS:
            raise TooLarge(f"holds {len(group):,} objects in one group")
        for name in sorted(group, key=_natural):
            self._seen += 1
            if self._seen > MAX_OBJECTS:
                raise TooLarge(f"holds more than {MAX_OBJECTS:,} objects, or groups that hold themselves")
            found = self.child(group, name) if "\\" not in name else group[name]
            parts = tuple(part for part in name.replace("\\", "/").split("/") if part)
            if isinstance(found, h5py.Dataset):
                yield parts, found
            elif isinstance(found, h5py.Group) and _SEEDS not in parts:
                for inner, data in self.datasets(found, depth + 1):
                    yield (*parts, *inner), data

    def values(self, data: Any) -> NDArray[np.float32]:
        """The values of a data set as float32. Raises TooLarge and UnreadableFile by what it declares."""
        import h5py

        if not isinstance(data, h5py.Dataset) or data.shape is None or data.dtype.kind not in "fiu":
            raise UnreadableFile("holds weights that are no arrays of numbers")
        size = math.prod(data.shape) * max(data.dtype.itemsize, 4)
        if size > self._room:
            raise TooLarge(f"declares weights of {size:,} bytes and more; {self._room:,} are left to be read")
        plist = data.id.get_create_plist()
        if data.external or data.is_virtual:
            raise UnreadableFile("holds weights that lie in other files, which are not opened")
        if any(plist.get_filter(number)[0] not in _FILTERS for number in range(plist.get_nfilters())):
            raise UnreadableFile("holds weights that only a plugin could unpack")
        if data.chunks is not None and math.prod(data.chunks) * data.dtype.itemsize > MAX_CHUNK:
            raise TooLarge("holds weights in blocks that are too large to be read")
        if size and data.id.get_storage_size() == 0:
            raise UnreadableFile(f"declares weights of {size:,} bytes and stores none of them")
        self._room -= size
        return np.ascontiguousarray(data[()], dtype=np.float32).reshape(data.shape)

    def text(self, thing: Any, name: str) -> str | None:
        """An attribute that is one string; None where there is none."""
        found = self.texts(thing, name)
        return found[0] if found else None

    def texts(self, thing: Any, name: str) -> list[str]:
        """An attribute that lists strings, in pieces `name0`, `name1`, … where it was too long for one."""
        names = [name] if name in thing.attrs else []
        names = names or [f"{name}{number}" for number in range(MAX_OBJECTS) if f"{name}{number}" in thing.attrs]
        found: list[str] = []
        for one in names:
            about = thing.attrs.get_id(one)
            count = math.prod(about.shape or ())
            if not count:  # of no type in particular
                continue
            if count > MAX_OBJECTS or count * about.dtype.itemsize > MAX_TEXT:
                raise TooLarge(f"declares an attribute of {count:,} values")
            if about.dtype.kind not in "SOU":
                raise UnreadableFile(f"holds an attribute {one} that is no text")
            for value in np.atleast_1d(np.asarray(thing.attrs[one], dtype=object)).ravel():
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                if len(text) > MAX_TEXT:
                    raise TooLarge("declares an attribute of too many bytes")
                found.append(text)
        return found


def _natural(name: str) -> tuple[Any, ...]:
    """`10` after `2`; other names by their letters."""
    return (0, int(name), "") if name.isdigit() and len(name) < 10 else (1, 0, name)
