"""Feedback: one page a hand-in, under the name by which Canvas takes it back.

Canvas's "Upload Submissions" knows by a file's name whose it is: by the ids of the user and of a file that was
handed in, as they stand in the name of that file's download (instructure/canvas-lms,
app/models/abstract_assignment.rb, infer_comment_context_from_filename, read in November 2026).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.downloads import HandIn, Upload
from harness.downloads import names as names_
from harness.downloads.canvas import unique
from harness.intake import clean_name
from harness.roster import Assigned, Person

ARCHIVE = "upload_to_canvas.zip"
SCORECARD = "scorecard.html"
_DATE = (2020, 1, 1, 0, 0, 0)  # in the zip, so that equal contents are equal files


class FeedbackError(ValueError):
    """Pages that are not there, or a folder that is not empty: the fault of whoever asked."""


@dataclass(frozen=True)
class Sheet:
    """A page to hand out: its file's name, of which hand-in it is, and whether Canvas takes it by that name."""

    file: str
    submission: str
    canvas: bool = False


@dataclass(frozen=True)
class Feedback:
    """What was written. `by_hand`: hand-ins whose page Canvas cannot place, a sentence each."""

    sheets: tuple[Sheet, ...]
    archive: Path | None = None
    by_hand: tuple[str, ...] = ()


def sheets(names: Sequence[str], hand_ins: Mapping[str, HandIn], assigned: Assigned) -> list[Sheet]:
    """The pages of these results: one by Canvas's name where the hand-in is Canvas's, else one for each member whom
    the roster names, else one by the name of the result."""
    made = []
    taken: set[str] = set()
    for name in names:
        upload = _upload(hand_ins.get(name))
        if upload is not None:
            made.append(Sheet(_for_canvas(upload.entry), name, canvas=True))
            continue
        people = assigned.members.get(name, ())
        known = [_of_person(person) for person in people if person.line] or [name]
        made += [Sheet(f"{unique(each, taken)}.html", name) for each in known]
    return made


def write(
    out: Path, to: Path, names: Sequence[str], hand_ins: Mapping[str, HandIn], assigned: Assigned
) -> Feedback:
    """Copy the scorecards of these results into the folder `to`, and those for Canvas into a zip there as well.

    Raises FeedbackError where `to` is not empty or a scorecard is not there; then nothing is written.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise FeedbackError(f"{to} is not an empty folder; pages of an earlier run would be uploaded along")
    missing = [name for name in names if not (out / name / SCORECARD).is_file()]
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise FeedbackError(
            f"{out}: there is no {SCORECARD} of {shown}; grade it again, or `harness regrade {out}`"
        )
    made = sheets(names, hand_ins, assigned)
    to.mkdir(parents=True, exist_ok=True)
    for sheet in made:
        (to / sheet.file).write_bytes((out / sheet.submission / SCORECARD).read_bytes())
    for_canvas = [sheet for sheet in made if sheet.canvas]
    archive = to / ARCHIVE if for_canvas else None
    if archive is not None:
        archive.write_bytes(_zipped(to, for_canvas))
    by_hand = tuple(
        f"{sheet.submission} holds no file that Canvas could answer: hand out {sheet.file} by hand"
        for sheet in made
        if not sheet.canvas and for_canvas
    )
    return Feedback(tuple(made), archive, by_hand)


def _upload(hand_in: HandIn | None) -> Upload | None:
    """The file that the page answers: a notebook that counts, else the first file that does."""
    counted = [one for one in hand_in.uploads if one.counts and one.attachment] if hand_in else []
    notebooks = [one for one in counted if one.name.lower().endswith(".ipynb")]
    return next(iter([*notebooks, *counted]), None)


def _for_canvas(entry: str) -> str:
    """The name of an entry as that of a page, fit to be stored everywhere; the ids in it stay."""
    stem, dot, suffix = entry.rpartition(".")
    name = names_.storable(f"{stem if dot and '_' not in suffix else entry}.html")
    was, now = names_.parse(entry), names_.parse(name)
    if was is None or (now and (now.user, now.attachment) == (was.user, was.attachment)):
        return name
    return f"{'anon' if was.anonymous else 'x'}_{was.user}_{was.attachment}_feedback.html"


def _of_person(person: Person) -> str:
    shown = "_".join(part for part in (person.name, person.login or person.email or person.id) if part)
    return clean_name(Path("".join(sign if sign.isalnum() else "_" for sign in shown)))


def _zipped(folder: Path, listed: Sequence[Sheet]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in listed:
            info = zipfile.ZipInfo(sheet.file, _DATE)
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, (folder / sheet.file).read_bytes())
    return data.getvalue()
