"""Text of PDF reports, read with pypdf in a process of its own.

A report is hostile like everything else here: one that is broken, endless or huge must cost itself and not the code
that was handed in beside it. The reading process sends a line of JSON a page; what came before its end counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.recording import CellError, Passage, ReportRecord, Where
from harness.worker.cells import clean, natural

MAX_REPORTS = 8
MAX_PAGES = 100
MAX_PAGE_TEXT = 20_000  # characters
MAX_TEXT = 400_000  # characters of a whole report
MAX_COUNT = 1_000_000  # more pages than this are not counted
FILE_SECONDS = 20.0
ALL_SECONDS = 40.0
MEMORY_BYTES = 2**30
OTHER_DOCUMENTS = (".docx", ".doc", ".odt", ".rtf", ".pages")

_CODE = "import sys; sys.path.insert(0, {root!r}); from harness.worker.reports import main; main(sys.argv[1])"
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\0": "", "\xa0": " "})


def read_reports(
    folder: Path, seconds: float = FILE_SECONDS
) -> tuple[tuple[ReportRecord, ...], tuple[CellError, ...]]:
    """Records of the reports in `folder`, and an error for each PDF that could not be read at all."""
    reports: list[ReportRecord] = []
    errors: list[CellError] = []
    started = time.monotonic()
    files = (path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files, key=lambda path: natural(path, folder)):
        name = clean(path.relative_to(folder).as_posix())[:300]
        suffix = path.suffix.lower()
        if suffix not in (".pdf", *OTHER_DOCUMENTS) or len(reports) >= MAX_REPORTS:
            continue
        if suffix in OTHER_DOCUMENTS:
            reports.append(ReportRecord(file=name, problem="A document of this kind is not read here; a PDF is."))
            continue
        left = min(seconds, ALL_SECONDS - (time.monotonic() - started))
        report = read_report(path, name, left) if left > 0 else _unread(name, "there was no time left for it")
        reports.append(report)
        if report.problem and not report.passages and not report.pages:
            errors.append(CellError(where=Where(file=name), type="UnreadableFileError", message=report.problem))
    return tuple(reports), tuple(errors)


def read_report(path: Path, name: str, seconds: float = FILE_SECONDS) -> ReportRecord:
    """The record of one PDF, read for at most `seconds`."""
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-s", "-P", "-c", _CODE.format(root=root), str(path)]
    slow = False
    try:
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=seconds
        )
        output = run.stdout
    except subprocess.TimeoutExpired as stopped:
        output, slow = stopped.stdout or b"", True
    except OSError:
        return _unread(name, "it could not be read here")
    return _record(name, list(_messages(output)), slow, seconds)


def _record(name: str, messages: list[dict[str, Any]], slow: bool, seconds: float) -> ReportRecord:
    said: dict[str, Any] = {}
    for message in messages:
        said.update(message)
    pages = int(said.get("pages", 0))
    passages = tuple(
        Passage(where=Where(file=name, page=message["page"]), text=message["text"])
        for message in messages
        if message.get("text")
    )
    read = sum("page" in message for message in messages)
    if "problem" in said and not read:
        return _unread(name, said["problem"])
    if not pages:
        return _unread(name, f"reading it took longer than {seconds:.0f} s" if slow else "it is damaged")
    problem = None
    if read < pages:
        reason = "; reading them all took too long" if slow and read < MAX_PAGES else ""
        counted = f"{pages:,}" if pages < MAX_COUNT else f"more than {MAX_COUNT:,}"
        problem = f"Only the first {read} of {counted} pages were read{reason}."
    elif failed := sum("failed" in message for message in messages):
        problem = f"{failed} of {pages} pages could not be read."
    elif not passages:
        problem = "No text was found in it: its pages may be pictures."
    return ReportRecord(
        file=name,
        pages=pages,
        passages=passages,
        title=said.get("title", ""),
        author=said.get("author", ""),
        problem=problem,
    )


def _unread(name: str, reason: str) -> ReportRecord:
    hint = "Hand it in without one" if "password" in reason else "Export it again and check that it opens"
    return ReportRecord(file=name, problem=f"The report could not be read: {reason}. {hint}.")


def _messages(output: bytes) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # cut off where the time ended
            return


# --- in the reading process


def main(path: str) -> None:
    """Read the PDF at `path` and print what is found, a JSON object a line."""
    _limit_memory()
    try:
        for message in _read(path):
            print(json.dumps(message), flush=True)  # noqa: T201 - the way out of this process
    except (Exception, RecursionError) as error:
        encrypted = type(error).__name__ in ("FileNotDecryptedError", "WrongPasswordError", "DependencyError")
        reason = "it is protected by a password" if encrypted else "it is damaged or not a PDF"
        print(json.dumps({"problem": reason}), flush=True)  # noqa: T201


def _read(path: str) -> Iterator[dict[str, Any]]:
    from pypdf import PdfReader

    reader = PdfReader(path, strict=False)
    pages = reader.pages
    count = min(len(pages), MAX_COUNT)
    yield {"pages": count, **_properties(reader)}
    room = MAX_TEXT
    for number in range(min(count, MAX_PAGES)):
        try:
            text = _clean(pages[number].extract_text())[: min(MAX_PAGE_TEXT, room)]
        except Exception:  # whatever pypdf meets on a page costs that page
            yield {"page": number + 1, "failed": True}
            continue
        room -= len(text)
        yield {"page": number + 1, "text": text if text.strip() else ""}


def _properties(reader: Any) -> dict[str, str]:
    try:
        found = reader.metadata or {}
        return {name: _clean(str(found.get(f"/{name.title()}") or ""))[:300] for name in ("title", "author")}
    except Exception:
        return {}


def _clean(text: str) -> str:
    """Without ligatures, NULs and halves of characters, which JSON could not carry."""
    return text.translate(_LIGATURES).encode("utf-8", "replace").decode("utf-8")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
