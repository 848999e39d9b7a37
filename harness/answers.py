"""Written answers: which passages of a hand-in answer which task, found by heading and order.

Read are the notebook's markdown, text files (`answers.md`) and the text of PDF reports. A passage runs from its
heading to the next heading of another task; text between code cells belongs to the last heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.headings import Outline, read_mark
from harness.recording import Passage, Recording, ReportRecord, Where
from harness.results import Answer, ReportFacts

MAX_ANSWER = 20_000  # characters of one answer
MAX_READ = 2_000_000  # characters of a hand-in that are looked at
MAX_ANSWERS = 6  # of one task: a hand-in has few documents

_FENCE = re.compile(r"\s*(?:```|~~~)")
_UNDERLINE = re.compile(r"\s{0,3}(?:={3,}|-{3,})\s*")
_PLACEHOLDER = re.compile(
    r"(?i)\W*(?:(?:write|put|type|skriv)\s+)?(?:your|ditt|dina|the)?\s*(?:own\s+)?(?:answers?|svar|text)\s+"
    r"(?:goes\s+|go\s+|in\s+)?(?:here|below|här|nedan)\W*"
)
_GROUP = re.compile(r"(?i)\b(?:group|grupp|team)\b")


@dataclass(frozen=True)
class Written:
    """The answers, in the order of the tasks, and the tasks for which there is no text."""

    answers: tuple[Answer, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass
class _Section:
    """The text below one heading. `tasks` are all of a question's where `group` is set."""

    tasks: tuple[str, ...]
    group: bool
    passage: int
    """Which passage of the document the heading stands in."""
    lines: list[str] = field(default_factory=list)
    where: Where | None = None
    prompt: bool = False
    """It only says what the template asks: "Your answer here" still stands below it."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    @property
    def answered(self) -> bool:
        return bool(self.text.strip()) and not self.prompt


def written_answers(recording: Recording, tasks: Mapping[str, Sequence[str]]) -> Written:
    """The passages of a recording that answer each task.

    `tasks` maps a task ("1", "2A") to key words of its headings, for headings without a number.
    """
    answers: list[Answer] = []
    for task, found in _by_task(recording, tasks).items():
        seen: set[str] = set()
        for text, where in found:
            same = " ".join(text.split())
            if same not in seen and len(seen) < MAX_ANSWERS:
                seen.add(same)
                answers.append(Answer(task=task, text=text[:MAX_ANSWER], where=where))
    answered = {answer.task for answer in answers}
    return Written(tuple(answers), tuple(task for task in tasks if task not in answered))


def headed(recording: Recording, tasks: Mapping[str, Sequence[str]]) -> tuple[tuple[str, int, str], ...]:
    """Where headings of notebooks name one task: (file, number of the code cell above the heading, task).

    `tasks` are those of `written_answers`. A cell number of 0 stands for the top of the file.
    """
    found = []
    for passages, markdown in _documents(recording):
        if markdown and passages[0].where.line is None:
            for section in _sections(passages, markdown, tasks):
                if len(section.tasks) == 1:
                    where = passages[section.passage].where
                    found.append((where.file, where.cell or 0, section.tasks[0]))
    return tuple(found)


def report_facts(record: ReportRecord) -> ReportFacts:
    """What a person wants to know of a PDF before opening it: pages, front page, what could not be read."""
    front = next((passage.text for passage in record.passages if passage.where.page == 1), "")
    lines = [line.strip() for line in front.splitlines() if line.strip()]
    return ReportFacts(
        file=record.file,
        pages=record.pages,
        pages_with_text=len(record.passages),
        title=(record.title.strip() or (lines[0] if lines else ""))[:200],
        group=next((line for line in lines if _GROUP.search(line)), "")[:200],
        author=record.author.strip()[:200],
        front_page="\n".join(lines[:12])[:600],
        problem=record.problem,
    )


def _by_task(recording: Recording, tasks: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[str, Where | None]]]:
    found: dict[str, list[tuple[str, Where | None]]] = {task: [] for task in tasks}
    for passages, markdown in _documents(recording):
        sections = _sections(passages, markdown, tasks)
        headed = {task for section in sections if not section.group for task in section.tasks}
        for task, texts in found.items():
            # Text below "Question 2" alone answers those of its tasks that have no heading of their own.
            own = [
                section for section in sections
                if task in section.tasks and section.answered and not (section.group and task in headed)
            ]  # fmt: skip
            if own:
                texts.append(("\n\n".join(section.text for section in own), own[0].where))
    return found


def _documents(recording: Recording) -> Iterator[tuple[tuple[Passage, ...], bool]]:
    """The passages of each file in reading order, and whether they are markdown."""
    files: dict[str, list[Passage]] = {}
    for passage in recording.answers:
        files.setdefault(passage.where.file, []).append(passage)
    documents = [(passages, True) for passages in files.values()]
    documents += [(list(report.passages), False) for report in recording.reports]
    room = MAX_READ
    for passages, markdown in documents:
        room -= sum(len(passage.text) + 1 for passage in passages)
        if room >= 0:
            yield tuple(passages), markdown


def _sections(passages: Sequence[Passage], markdown: bool, tasks: Mapping[str, Sequence[str]]) -> list[_Section]:
    outline = Outline(tasks)
    sections: list[_Section] = []
    prompts: list[_Section] = []  # opened since the last answer, with text of the heading's own passage only
    before = ""
    for number, passage in enumerate(passages):
        fenced = False
        ruled = -1  # the row of = or - below a heading
        lines = passage.text.splitlines()
        if sections:
            sections[-1].lines.append("")
        for index, line in enumerate(lines):
            if markdown and _FENCE.match(line):
                fenced = not fenced
            below = lines[index + 1] if index + 1 < len(lines) else ""
            underlined = markdown and bool(line.strip()) and bool(_UNDERLINE.fullmatch(below))
            mark = None if fenced else read_mark(line, markdown=markdown, underlined=underlined)
            if index == ruled:
                continue
            if mark is not None and outline.enter(mark, before):
                ruled = index + 1 if underlined else -1
                same = sections and (sections[-1].tasks, sections[-1].group) == (outline.current, outline.group)
                if not same:
                    sections.append(_Section(outline.current, outline.group, number))
                    prompts.append(sections[-1])
                _add(sections[-1], mark.rest, _place(passage, index))
            elif sections and len(line) <= 80 and _PLACEHOLDER.fullmatch(line.strip()):
                for section in prompts:
                    section.prompt = "\n\n" not in re.sub(r"\n{3,}", "\n\n", section.text.strip())
                prompts = []
            elif sections:
                if line.strip() and sections[-1].passage != number:
                    prompts = []
                _add(sections[-1], line, _place(passage, index))
            before = line or before
    return sections


def _add(section: _Section, line: str, where: Where) -> None:
    section.lines.append(line)
    if line.strip() and section.where is None:
        section.where = where


def _place(passage: Passage, index: int) -> Where:
    """The passage's place; in a text file, of which the first line is known, the line as well."""
    where = passage.where
    return where if where.line is None else where.model_copy(update={"line": where.line + index})
