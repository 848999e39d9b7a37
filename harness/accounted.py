"""Whether the code that was handed in asks for the training that a recording tells of.

A recording comes from where student code ran, which may have written one of its own. It earns what its recipe
earns, whoever wrote it; but a training that stands in no line of the files as they were received is for a person to
look at. This is read from those files, and nothing of it from the recording's own copy of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.recording import Finding, FitRecord, Recording
from harness.source import parse
from harness.worker.cells import CONTRACT_FILE, UnreadableFileError, file_name, read_notebook
from harness.worker.contract import Contract

MOST = 20  # notes of one hand-in
MAX_BYTES = {".py": 2 * 2**20, ".ipynb": 16 * 2**20}  # of a file that is read, which no other is
MAX_CHARACTERS = 200_000  # of a cell that is taken apart; a longer one is searched as text
_TRAINS = re.compile(r"(?<![A-Za-z])fit(?![a-z])|train_on_batch")  # and fit_generator, no benefit
_DECLARED = re.compile(
    rb"(?:[^\n]{0,200}\n)??(?:\xef\xbb\xbf)?[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]{1,40})"
)
_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8", "us-ascii": "utf-8",
    "cp1252": "cp1252", "windows-1252": "cp1252",
}  # fmt: skip
_COMMENT = re.compile(r"#.*")


@dataclass(frozen=True)
class Text:
    """A cell or a script as it was received."""

    text: str

    @cached_property
    def lines(self) -> Sequence[str]:
        """Its lines, the first of which has the number 1."""
        return self.text.split("\n")

    @cached_property
    def tree(self) -> ast.Module | None:
        """Its statements, where it is Python of a usual length."""
        return parse(self.text) if len(self.text) <= MAX_CHARACTERS else None

    def trains_at(self, line: int) -> bool:
        """Whether the statement in this line calls what trains."""
        if not 0 < line <= len(self.lines):
            return False
        return line in self.asking or _TRAINS.search(_COMMENT.sub("", self.lines[line - 1])) is not None

    @cached_property
    def asking(self) -> frozenset[int]:
        """The lines of the statements that call what trains, of several around each other the innermost."""
        nodes = ast.walk(self.tree) if self.tree is not None else ()
        statements = [node for node in nodes if isinstance(node, ast.stmt)]
        beyond: dict[int, int] = {}  # from a line of a statement further in to one behind it
        found: set[int] = set()
        for one in reversed(statements):  # inner ones come first, and each line belongs to one
            own, line, last = list[int](), one.lineno, one.end_lineno or one.lineno
            passed = list[int]()
            while line <= last:
                if line not in beyond:
                    own.append(line)
                passed.append(line)
                line = beyond.get(line, line + 1)
            beyond |= dict.fromkeys(passed, line)
            if own and any(_TRAINS.search(word) for word in _words(one)):
                found.update(own)
        return frozenset(found)

    @cached_property
    def hands_on(self) -> bool:
        """Whether it gives the method another name, or hands it on: `train = model.fit`."""
        if self.tree is None:
            return False
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        return any(
            isinstance(node, ast.Attribute) and _TRAINS.match(node.attr) and id(node) not in called
            for node in ast.walk(self.tree)
        )


def unaccounted(recording: Recording, folder: Path, contract: Contract) -> Iterator[Finding]:
    """A note for each recorded training that no line of the files in `folder` asks for, MOST of them at most."""
    if not recording.fits:
        return
    named = {fit.where.file for fit in recording.fits if fit.where is not None}
    texts = received(folder, named | {CONTRACT_FILE})
    written = frozenset(
        build.task
        for build in contract.builds
        if any(re.search(rf"\b{re.escape(build.function)}\b", one.text) for one in texts.values())
    )
    told = 0
    for fit in recording.fits:
        if told < MOST and not _is_accounted(fit, recording, texts, written):
            told += 1
            place = str(fit.where) if fit.where is not None else "no place"
            yield Finding(
                code="fit-without-source",
                message=f"The recording tells of a training at {place}, and nothing that was handed in asks for "
                "one there. It was trained and counts for what it is; look at how the code comes to it.",
                where=fit.where,
            )


def received(folder: Path, names: set[str]) -> dict[tuple[str, int | None], Text]:
    """The cells and scripts of the files with these names, by file and number of the cell. What cannot be read has
    none."""
    found: dict[tuple[str, int | None], Text] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        if path.stat().st_size > MAX_BYTES.get(path.suffix.lower(), -1):
            continue
        name = file_name(path, folder)
        if name not in names:
            continue
        try:
            if path.suffix.lower() == ".ipynb":
                cells, _ = read_notebook(path, name)
                found |= {(name, cell.number): Text(cell.text) for cell in cells}
            else:
                found[name, None] = Text(source_text(path.read_bytes()))
        except (UnreadableFileError, OSError):
            continue
    return found


def source_text(data: bytes) -> str:
    """A script in the encoding that it declares, of the few that people use; in any other as Latin-1. Which decoder
    runs is not the file's to choose: that of Punycode takes quadratic time."""
    declared = _DECLARED.match(data)
    name = declared[1].decode("ascii").lower().replace("_", "-") if declared else "utf-8"
    try:
        text = data.decode(_CODECS.get(name, "latin-1"))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _is_accounted(
    fit: FitRecord, recording: Recording, texts: Mapping[tuple[str, int | None], Text], written: frozenset[str]
) -> bool:
    if recording.kind == "contract" and fit.contract_task is not None:
        return fit.contract_task in written  # the harness calls `fit` on what its function builds
    where = fit.where
    text = texts.get((where.file, where.cell)) if where is not None else None
    if where is None or text is None:
        return False
    if where.line is None:
        return _TRAINS.search(text.text) is not None
    return text.trains_at(where.line) or any(one.hands_on for one in texts.values())


def _words(statement: ast.stmt) -> Iterator[str]:
    """Names, attributes and texts of a statement, without those of statements within it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
