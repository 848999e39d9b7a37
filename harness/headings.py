"""Headings of written answers: which task of the assignment a line announces, if it does.

`read_mark` looks at one line and knows no assignment: "Question 2 a)", "**2A.** We have …", "### b)", "1. Loss".
`Outline` knows the assignment's tasks and where in the document we are, and says what a mark stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOLD = 7  # the level of a line that starts in bold; a `#` heading has 1 to 6
PLAIN = 8
MAX_LINE = 300  # of a line, this much is looked at
MAX_TITLE = 60

_WORD = (
    r"(?:questions?|tasks?|exercises?|problems?|parts?|answers?|solutions?|uppgift(?:er)?|deluppgift|frågor|fråga"
    r"|svar|lösning|övning|del|q)(?![a-zåäö])(?:\s+(?:to|for|of|på|till|number|nr|no)(?![a-zåäö]))?[\s.:#–-]*"
)
_END = r"(?=\s*(?:[).:,\]&/+]|$|and\b|och\b))"
_REF = (
    rf"[(\[]?(?:(?P<number>\d{{1,2}})(?:[.\-_]?\(?(?P<letter>[A-Ha-h])(?!\w)|[.]?\s[(\[]?(?P<apart>[A-Ha-h]){_END})"
    r"|(?P<bare>\d{1,2})(?!\w|\.\d|,\d))[)\]]*"
)
_AGAIN = (
    rf"\s*(?:,|/|&|\+|and\b|och\b|–|-|to\b)\s*[(\[]?(?:(?P<number>\d{{1,2}})[.\-_]?\(?(?P<letter>[A-Ha-h])(?!\w)"
    rf"|(?P<alone>[A-Ha-h]){_END})[)\]]*"
)
_FIRST = re.compile(rf"(?P<words>(?:{_WORD}){{0,3}}){_REF}", re.IGNORECASE)
_MORE = re.compile(_AGAIN, re.IGNORECASE)
_LETTER = re.compile(
    rf"(?P<words>(?:{_WORD}){{0,2}})[(\[]?(?P<letter>[A-Ha-h])(?P<end>[)\].:]|$)(?!\w)", re.IGNORECASE
)
_SECTION_NUMBER = re.compile(
    rf"\d{{1,2}}(?:\.\d{{1,2}}){{0,3}}\.?\s+(?={_WORD}\d|\(?\d{{1,2}}\.?[A-Ha-h]\b)", re.IGNORECASE
)
_AFTER = re.compile(r"\s*(?P<separator>[.:)\]|–—-]+(?=\s|$))?\s*(?P<title>.*)", re.DOTALL)
_POINTS = re.compile(r"[(\[]\s*\d[^()\[\]]{0,20}[)\]]\s*$")
_DIMENSION = re.compile(
    r"(?i)\s*-?\s*(?:conv|max|pool|average|avg|arrays?\b|images?\b|tensor|matri|grid|dropout|data\b|filter|plane|space|input)"
)
_LEADERS = re.compile(r"\.{4}|(?:\s\.){3}|…\s?…")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,80}>(.*?)(?:</h[1-6]>|$)", re.IGNORECASE)
_HTML_BOLD = re.compile(r"</?(?:b|strong)>", re.IGNORECASE)
_HTML = re.compile(r"</?(?:u|i|em|font|span|center|p|div|br)\b[^<>]{0,80}>", re.IGNORECASE)
_STOP = re.compile(
    r"(?i)[\d.\s]*(?:references|bibliography|appendix|appendices|contents|table of contents|self[- ]?check"
    r"|referenser|litteratur|källor|bilagor|bilaga|innehåll)\b.{0,30}"
)
_DANGLING = re.compile(
    r"(?i)(?:questions?|tasks?|exercise|uppgift|fråga|in|see|of|from|and|to|than|with|på|i|av|och|se)$"
)


@dataclass(frozen=True)
class Mark:
    """What a line looks like. `refs` holds (number, letter) pairs, either of which may be missing."""

    level: int
    refs: tuple[tuple[str, str], ...]
    worded: bool
    separated: bool
    title: str
    body: str
    """The line without its decoration."""
    rest: str
    """What of the line belongs to the answer."""

    @property
    def strong(self) -> bool:
        """Set off by its form: a `#` heading, underlined, or in bold."""
        return self.level < PLAIN

    @property
    def titled(self) -> bool:
        """What follows the number reads like a title, or there is nothing."""
        short = self.strong or (len(self.title) <= MAX_TITLE and self.title[-1:] not in ".,;")
        return not self.title or (short and (self.title[0].isupper() or self.title[0] in "(["))


def read_mark(line: str, *, markdown: bool, underlined: bool = False) -> Mark | None:
    """The heading that this line may be; None for a line that cannot be one.

    `underlined`: the next line is a row of = or -. Without `markdown`, `#` and `*` have no meaning (a PDF's text).
    """
    line = line[:MAX_LINE].strip()
    if not line or _LEADERS.search(line):
        return None
    level, body, after = _decoration(line, underlined) if markdown else (PLAIN, line, "")
    if not body:
        return None
    section = _SECTION_NUMBER.match(body)
    named = body[section.end() :] if section else body
    refs, worded, end = _references(named)
    separator, title = "", named
    if refs:
        found = _AFTER.match(named, end)
        if found:
            separator, title = found["separator"] or "", _POINTS.sub("", found["title"]).strip()
        if _is_dimension(named, refs, end):
            refs, title = (), named
        if refs[-1:] and named[:end].endswith((")", "]", ".", ":")):
            separator = separator or ")"
    elif level == PLAIN and not _could_be_title(body):
        return None
    whole = f"{title} {after}".strip()
    rest = whole if after or _is_text(title, level) else ""
    return Mark(level, refs, worded, bool(separator), title, body, rest)


def _decoration(line: str, underlined: bool) -> tuple[int, str, str]:
    """(level, text, what follows the bold part) of a line of markdown."""
    line = _HTML.sub("", line).lstrip("> \t").strip()
    html = _HTML_HEADING.match(line)
    if html:
        return int(html[1]), _plain(html[2]), ""
    line = _HTML_BOLD.sub("**", line)
    hashes = len(line) - len(line.lstrip("#"))
    if 1 <= hashes <= 6:
        return hashes, _plain(line[hashes:].strip().rstrip("#")), ""
    if underlined:
        return 2, _plain(line), ""
    item = line[2:].lstrip() if line[:2] in ("- ", "* ", "+ ") else line
    for bold in ("***", "**", "__"):
        if item.startswith(bold):
            inner, closed, after = item[len(bold) :].partition(bold)
            if closed and inner.strip():
                return BOLD, _plain(inner), after.strip()
    return PLAIN, _plain(item), ""


def _plain(text: str) -> str:
    return re.sub(r"\\([.()\-])", r"\1", text.replace("**", "").replace("__", "").replace("`", "")).strip(" *_\t")


def _references(text: str) -> tuple[tuple[tuple[str, str], ...], bool, int]:
    """The numbers and letters that a text starts with, whether a word such as "Task" led, and where they end."""
    first = _FIRST.match(text)
    if first is None:
        letter = _LETTER.match(text)
        if letter is None:
            return (), False, 0
        return (("", letter["letter"].upper()),), bool(letter["words"]), letter.end()
    number = first["number"] or first["bare"]
    refs = [(number, (first["letter"] or first["apart"] or "").upper())]
    end = first.end()
    while refs[-1][1] and len(refs) < 8 and (more := _MORE.match(text, end)):
        after = (more["number"] or refs[-1][0], (more["letter"] or more["alone"]).upper())
        joint = text[end : more.end()].strip()
        if joint[:1] in "–-" or joint.startswith("to"):
            refs += [(after[0], chr(code)) for code in range(ord(refs[-1][1]) + 1, ord(after[1]))]
        refs.append(after)
        end = more.end()
    return tuple(refs), bool(first["words"]), end


def _is_dimension(text: str, refs: Sequence[tuple[str, str]], end: int) -> bool:
    """True for "2D convolution" and its like: not task 2D."""
    return len(refs) == 1 and refs[0][1] == "D" and bool(_DIMENSION.match(text, end))


def _could_be_title(text: str) -> bool:
    return len(text) <= MAX_TITLE and text[-1] not in ".,;"


def _is_text(title: str, level: int) -> bool:
    """True where what follows the number is an answer already and not a title."""
    if level < BOLD:
        return len(title) > 100 and not title.endswith("?")
    return (
        title[:1].islower()
        or len(title) > MAX_TITLE
        or title.endswith((".", ";", ","))
        or bool(re.search(r"\d{3}", title))
    )


class Outline:
    """Where in a document we are, in terms of an assignment's tasks; one for each document.

    `tasks` maps each task ("2C") to its key words. After `enter` has accepted a mark, `current` holds the tasks
    that the text below it belongs to; a heading of a whole question ("Question 2") gives all of them, and `group`.
    """

    def __init__(self, tasks: Mapping[str, Sequence[str]]) -> None:
        self._words = {task: tuple(word.casefold() for word in words) for task, words in tasks.items()}
        self._groups: dict[str, list[str]] = {}
        for task in tasks:
            found = re.fullmatch(r"(\d+)[A-Z]", task)
            if found:
                self._groups.setdefault(found[1], []).append(task)
        self.current: tuple[str, ...] = ()
        self.group = False
        self._number = ""
        self._level = PLAIN
        self._letter = ""
        """The last letter of a list a), b), c) below a question's heading."""

    def enter(self, mark: Mark, before: str = "") -> bool:
        """Go to where this mark leads; False where it is not a heading after all. `before`: the line above it."""
        tasks, group = self._named(mark)
        if tasks and not (mark.level == PLAIN and _DANGLING.search(before.strip())):
            if mark.refs[0][0]:
                self._letter = ""
                self._number = mark.refs[0][0]
            elif mark.refs[0][1]:
                self._letter = mark.refs[-1][1]
        else:
            tasks, group = self._by_words(mark), False
            if not tasks and mark.strong and not mark.refs and _STOP.fullmatch(mark.body):
                self.current, self.group, self._number, self._level = (), False, "", PLAIN
                return True
            if not tasks:
                return False
            self._number, self._letter = "".join(re.findall(r"^\d+", tasks[0])), ""
        self.current, self.group, self._level = tasks, group, mark.level
        return True

    def _named(self, mark: Mark) -> tuple[tuple[str, ...], bool]:
        """The tasks that a mark's numbers and letters name, and whether they are a whole question's."""
        if not mark.refs:
            return (), False
        number, letter = mark.refs[0]
        if not letter:
            return self._question(mark, number)
        if not number:
            task = self._number + letter
            return ((task,), False) if task in self._words and self._letter_counts(mark, letter) else ((), False)
        if not (mark.strong or mark.separated or mark.titled):
            return (), False
        named = [each + one if each + one in self._words else each for each, one in mark.refs]
        known = tuple(dict.fromkeys(task for task in named if task in self._words))
        return known, False

    def _question(self, mark: Mark, number: str) -> tuple[tuple[str, ...], bool]:
        """A number alone: "Question 2", "1. Preprocessing", "## 3"; most such lines are items of a list."""
        tasks = (number,) if number in self._words else tuple(self._groups.get(number, ()))
        below = bool(self.current) and mark.level > self._level
        if mark.worded or (mark.strong and not below):
            counts = mark.separated or mark.titled
        else:
            counts = mark.titled and any(self._length(mark.title, task) for task in tasks)
        return (tasks, number not in self._words) if counts else ((), False)

    def _letter_counts(self, mark: Mark, letter: str) -> bool:
        listing = self.group or len(self.current) > 1 or bool(self._letter)
        if mark.strong:
            return listing or mark.level <= self._level
        return listing and letter > self._letter

    def _by_words(self, mark: Mark) -> tuple[str, ...]:
        """The one task whose key word a heading without a number has."""
        inside = bool(self.current) and not self.group
        if mark.body.casefold().startswith(("assignment", "inlämning", "lab")) or (mark.refs and mark.refs[0][1]):
            return ()
        if mark.level == PLAIN:
            if inside and self._number and self._level < PLAIN:
                return ()
            title = re.sub(r"^[\d.\s]+", "", mark.body).rstrip(":").casefold()
            exact = [task for task, words in self._words.items() if title in words]
            return tuple(exact) if len(exact) == 1 else ()
        if (inside and mark.level > self._level) or len(mark.body) > 80 or mark.refs:
            return ()
        if mark.level == BOLD and mark.rest and not mark.body.endswith((":", ".")):
            return ()
        lengths = {task: self._length(mark.body, task) for task in self._words}
        longest = max(lengths.values(), default=0)
        best = tuple(task for task, length in lengths.items() if length == longest > 0)
        return best if len(best) == 1 else ()

    def _length(self, title: str, task: str) -> int:
        """How long the longest key word of a task is that a title has; 0 where it has none."""
        title = title.casefold()
        return max(
            (len(word) for word in self._words[task] if re.search(rf"(?<!\w){re.escape(word)}", title)), default=0
        )
