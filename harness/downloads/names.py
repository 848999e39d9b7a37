"""How Canvas names the files in "Download submissions".

One entry is one *file*: `NAME_LATE_USER_ATTACHMENT_FILE`, where `LATE_` is there for late ones only. Of an
assignment that is graded anonymously it is `LATE_anon_ID_ATTACHMENT_FILE`. What was typed into Canvas is
`NAME_USER_text.html`, and a link `NAME_USER_link.html`. A second file of one name gets `-1` before its suffix, a
third `-2`. Downloads of some years ago have `late`.

Source: instructure/canvas-lms, lib/content_zipper.rb (get_filename, add_upload_submission, add_text_or_url),
app/models/attachment.rb (make_unique_filename) and app/models/abstract_assignment.rb
(infer_comment_context_from_filename, which reads the names when feedback is uploaded), read in November 2026.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_NAME = 1_000  # characters of an entry's name; Canvas's own are shorter
LINK_BYTES = 65_536

_ANONYMOUS = re.compile(
    r"(?:(?P<first>LATE)_)?anon_(?:(?P<late>LATE|late)_)?(?P<user>[0-9A-Za-z]{1,40})_"
    r"(?:(?P<attachment>[0-9]{1,30})_(?P<file>.+)|(?P<online>text|link)\.html)",
    re.DOTALL,
)
_NAMED = re.compile(
    r"(?P<who>.*?)_(?:(?P<late>LATE|late)_)?(?P<user>[0-9]{1,30})_"
    r"(?:(?P<attachment>[0-9]{1,30})_(?P<file>.+)|(?P<online>text|link)\.html)",
    re.DOTALL,
)
_NUMBERED = re.compile(
    r"(?P<stem>.+?)-(?P<version>[0-9]{1,2})(?P<suffix>(?:\.[A-Za-z][A-Za-z0-9]*)*\.[A-Za-z0-9]+)?"
)
_URL = re.compile(
    r"""http-equiv=["']?refresh["']?\s+content=["']\s*\d+\s*;\s*url=([^"'>]{1,2000})""", re.IGNORECASE
)
_HREF = re.compile(r"""href=["']?(https?://[^"'>\s]{1,2000})""", re.IGNORECASE)
_ODD = re.compile(r"[^\w .,()+=@&!#~-]")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$|clock\$)(\..*)?")


@dataclass(frozen=True)
class CanvasName:
    """The parts of an entry's name. `file` is empty for what was typed or linked."""

    who: str
    user: str
    attachment: str = ""
    file: str = ""
    late: bool = False
    anonymous: bool = False
    online: str = ""
    """"text" or "link" where no file was handed in, else empty."""


def parse(entry: str) -> CanvasName | None:
    """The parts of an entry's name, or None where Canvas does not name files so. Folders before it do not count.

    As in Canvas, the first two runs of digits between underscores are the ids of the user and of the file.
    """
    name = entry.rpartition("/")[2]
    if len(name) > MAX_NAME or name.startswith("._"):
        return None
    found = _ANONYMOUS.fullmatch(name)
    anonymous = found is not None
    found = found or _NAMED.fullmatch(name)
    if found is None:
        return None
    parts = found.groupdict()
    return CanvasName(
        who=f"anon_{parts['user']}" if anonymous else parts["who"],
        user=parts["user"],
        attachment=parts["attachment"] or "",
        file=parts["file"] or "",
        late=any(parts.get(mark) for mark in ("first", "late")),
        anonymous=anonymous,
        online=parts["online"] or "",
    )


def version(file: str) -> tuple[str, int]:
    """The name without the number that Canvas put before its suffix, and that number; 0 where there is none."""
    found = _NUMBERED.fullmatch(file)
    return (found["stem"] + (found["suffix"] or ""), int(found["version"])) if found else (file, 0)


def storable(file: str) -> str:
    """A handed-in file's name as every system can store it: ordinary names stay as they are.

    What is no letter, digit or usual sign becomes `_`; at most 120 characters and 180 bytes, the suffix kept.
    """
    name = _ODD.sub("_", unicodedata.normalize("NFC", file)).strip(" .") or "file"
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = name, "", ""
    while len(stem) + len(suffix) > 119 or len(f"{stem}{suffix}".encode()) > 179:
        stem = stem[:-1]
    name = f"{stem.rstrip(' .') or 'file'}{dot}{suffix}"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def link(page: bytes) -> str | None:
    """The address that Canvas's page for a link, or for typed text, leads to, as it is written there, or None."""
    text = page[:LINK_BYTES].decode("utf-8", "replace")
    found = _URL.search(text) or _HREF.search(text)
    return found[1].strip() if found else None
