"""Results without names: each hand-in gets a pseudonym that stays the same, and what could name its author goes.

A pseudonym is an HMAC-SHA256 (RFC 2104) of the hand-in's name, with a secret that lies in the output folder. So the
same hand-in has the same pseudonym in every export of that folder, and nobody without the secret can tell which
name it stands for, not even by trying all names of the class.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.downloads import HandIn
from harness.results import Result
from harness.roster import Person

SECRET = "pseudonyms.key"  # noqa: S105  # a file's name
SECRET_BYTES = 32
LETTERS = 10  # of base 32: 50 bits, so that 300 hand-ins collide once in 10^10 classes
KEPT_PROVENANCE = ("harness", "commit", "machine", "trainer", "sandbox", "calibration")
OWN_WORDS = frozenset(
    ("outcome", "cause", "profile", "order", "source", "code", "id", "task", "version", "png", "sha256", "gate",
     "forecast", "work", "assignment", "dataset", "provenance")
)  # fmt: skip
"""Fields whose values are the harness's own, in which no name is looked for."""
SHORTEST = 3  # letters of a part of a name that is looked for by itself
_FILE = re.compile(r"[A-Za-z0-9]{1,8}")


class SecretError(ValueError):
    """The file with the secret is there and is none: whoever runs the harness moved or changed it."""


@dataclass(frozen=True)
class Pseudonyms:
    """What gives pseudonyms: the secret of one output folder."""

    secret: bytes

    def of(self, name: str) -> str:
        """The pseudonym of a hand-in or a person: "student-" and ten letters or digits."""
        plain = unicodedata.normalize("NFC", name).casefold().encode()
        digest = hmac.new(self.secret, plain, hashlib.sha256).digest()
        return f"student-{base64.b32encode(digest).decode().lower()[:LETTERS]}"


def pseudonyms(out: Path) -> Pseudonyms:
    """Those of an output folder. Its secret is made at the first call, readable by its owner only.

    Raises SecretError where the file is damaged: with another secret everybody would get another pseudonym.
    """
    path = out / SECRET
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(f"[0-9a-f]{{{2 * SECRET_BYTES}}}", text):
        raise SecretError(f"{path} is damaged; bring back the file as it was, or remove it for new pseudonyms")
    return Pseudonyms(bytes.fromhex(text))


def anonymous(
    result: Result,
    given: Pseudonyms,
    hand_in: HandIn | None = None,
    members: Iterable[Person] = (),
    *,
    written: bool = False,
) -> Result:
    """The result under its pseudonym.

    Removed are written answers, drawn figures, the front pages of reports, errors' source lines, hashes of files,
    the arguments of the run, and the names of those who marked. Names of files become `file-1.ipynb`. In every
    string that is left, the names and ids of the hand-in and its members are replaced by the pseudonym. With
    `written`, for whoever marks them, answers and figures stay: the text without the names, pictures as they are.
    """
    pseudonym = given.of(result.submission.name)
    words = _names(result, hand_in, members)
    replaced = _replacer({**dict.fromkeys(words, pseudonym), **_files(result)})
    plain = _without(result.model_dump(mode="json"), written)
    plain = _walk(plain, replaced)
    plain["submission"]["name"] = pseudonym
    return Result.model_validate(plain)


def _without(plain: dict[str, Any], written: bool) -> dict[str, Any]:
    """A result's data without what is computed of it and what a person wrote or drew freely; of the latter, answers
    and figures stay where they are wanted."""
    for name in ("points", "max_points", "machine_points", "machine_max_points", "complete"):
        plain.pop(name, None)
    if not written:
        plain["answers"], plain["own"] = [], None
    plain["provenance"] = {name: value for name, value in plain["provenance"].items() if name in KEPT_PROVENANCE}
    plain["submission"]["sha256"] = ""
    for file in plain["submission"]["files"]:
        file["sha256"] = ""
    for report in plain["reports"]:
        report |= {"title": "", "group": "", "author": "", "front_page": ""}
    for error in plain["errors"]:
        error["source"] = ""
    for claim in plain["claims"]:
        claim["text"] = ""
    for decision in _decisions(plain):
        decision["by"] = ""
    return plain


def _decisions(plain: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What persons who mark decided: their words stay, their names go."""
    yield from plain["unplaced"]
    if plain["confirmed"]:
        yield plain["confirmed"]
    for task in plain["tasks"]:
        made = [check["override"] for check in task["checks"]] + [(task["manual"] or {}).get("mark")]
        yield from (decision for decision in made if decision)


def _names(result: Result, hand_in: HandIn | None, members: Iterable[Person]) -> list[str]:
    """Whatever names the author: whole names and ids, and their parts."""
    whole = [result.submission.name]
    whole += [hand_in.title, hand_in.user] if hand_in else []
    whole += [text for one in members for text in (one.name, one.id, one.sis, one.login, one.email)]
    whole += [report.author for report in result.reports] + [report.group for report in result.reports]
    parts = [part for text in whole for part in re.split(r"[\W_]+", text) if len(part) >= SHORTEST]
    return [text for text in dict.fromkeys([*whole, *parts]) if text.strip() and not _is_common(text)]


def _is_common(text: str) -> bool:
    """Words and numbers that say nothing of who it is: "group", "7"."""
    return text.casefold() in ("group", "team", "grupp", "anon", "student") or (
        text.isdigit() and len(text) < SHORTEST
    )


def _files(result: Result) -> dict[str, str]:
    """New names for the files of a hand-in, and for the names that stand elsewhere without their folder."""
    names = {}
    listed = [file.name for file in result.submission.files] + [report.file for report in result.reports]
    for number, name in enumerate(dict.fromkeys(listed), 1):
        suffix = name.rpartition(".")[2]
        new = f"file-{number}.{suffix}" if "." in name and _FILE.fullmatch(suffix) else f"file-{number}"
        names[name] = new
        names.setdefault(name.rpartition("/")[2], new)
    return names


def _replacer(new: Mapping[str, str]) -> Any:
    """A function that replaces each of these words, the longest first, where it stands by itself."""
    by_word = {word.casefold(): value for word, value in new.items()}
    longest = sorted((word for word in new if word), key=len, reverse=True)
    found = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)

    def replaced(text: str) -> str:
        return found.sub(lambda match: by_word.get(match[0].casefold(), "student"), text)

    return replaced


def _walk(value: Any, replaced: Any) -> Any:
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, dict):
        return {name: each if name in OWN_WORDS else _walk(each, replaced) for name, each in value.items()}
    return [_walk(each, replaced) for each in value] if isinstance(value, list) else value
