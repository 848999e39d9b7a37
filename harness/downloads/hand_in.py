"""What a TA downloads is a list of hand-ins; this is what is known of each before any is opened for grading."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.files import write_atomically
from harness.results.base import Value

FILE = "hand_ins.json"
Kind = Literal["canvas", "github_classroom", "folder"]


class DownloadError(ValueError):
    """What is to be read is no download that this program knows: the fault of whoever named it."""


class Upload(Value):
    """A file that somebody handed in."""

    name: str
    """As it was called when it was handed in, made fit to be stored on every system; versions keep their number."""
    entry: str
    """As the download calls it: what Canvas knows it by when feedback is uploaded."""
    attachment: str = ""
    """Canvas's id of the file; empty elsewhere."""
    version: int = 0
    """0 for the first upload of a name, 1 for the one that Canvas called `-1`, and so on."""
    counts: bool = True
    """False where a later version of the same file stands beside it."""


class HandIn(Value):
    """What one student or group handed in.

    `path` is the folder or file that is graded: it is for this run only and is not saved. `problem` says, in words
    for its author, why there is nothing to grade; then there is nothing at `path`.
    """

    name: str
    """Names the results: letters, digits, `.`, `-` and `_`, unique within the download whatever the case."""
    title: str
    """What the download calls the student or group."""
    user: str = ""
    """Canvas's id of who handed it in, or of the anonymous submission; empty elsewhere."""
    anonymous: bool = False
    late: bool = False
    uploads: tuple[Upload, ...] = ()
    """All files, those that a later version replaces among them, in the order of their names."""
    problem: str | None = None
    notes: tuple[str, ...] = ()
    """What whoever grades should know of it, a sentence each."""
    path: Path = Field(default=Path(), exclude=True)


class Download(Value):
    """All that was found. `notes` tell what was passed over, a sentence each."""

    kind: Kind
    hand_ins: tuple[HandIn, ...]
    notes: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    """Results that lay in the output folder already and are of no hand-in of this download."""

    def over(self, out: Path) -> Download:
        """The download as it is graded into a folder in which results of an earlier one may lie."""
        lying = {path.parent.name for path in out.glob("*/result.json")}
        return self.model_copy(update={"earlier": tuple(sorted(lying - set(self.by_name())))})

    def without(self, names: Collection[str]) -> Download:
        """Nothing of these."""
        hand_ins = tuple(one for one in self.hand_ins if one.name not in names)
        return self.model_copy(update={"hand_ins": hand_ins, **self._earlier_but(names)})

    def graded_alone(self, names: Collection[str]) -> Download:
        """These were graded by themselves into the folder of the download: their results count, again."""
        return self.model_copy(update=self._earlier_but(names))

    def _earlier_but(self, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        return {"earlier": tuple(name for name in self.earlier if name not in names)}

    def by_name(self) -> dict[str, HandIn]:
        """The hand-ins by the names of their results."""
        return {one.name: one for one in self.hand_ins}


def save(download: Download, out: Path) -> None:
    """Write the list into an output folder as `hand_ins.json`, where exports look for Canvas's names and ids."""
    write_atomically(out / FILE, download.model_dump_json(indent=1).encode() + b"\n")


def saved(out: Path) -> Download | None:
    """The list that `save` wrote into an output folder, or None. Raises DownloadError where it is damaged."""
    path = out / FILE
    try:
        return Download.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise DownloadError(
            f"{path} is damaged, or was written by another version of the harness "
            f"({str(error).splitlines()[0][:200]}); remove it, and names and ids are taken from the results alone"
        ) from None
