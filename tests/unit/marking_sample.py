"""A class to be marked, and its marking page served, for the tests of both. Nothing is graded."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from unit.sample_hostile import HOSTILE
from unit.sample_parts import answer, check, png, task, where
from unit.sample_results import typical

from harness.kept_figures import KeptFigures
from harness.marking.gathered import Gathered
from harness.marking.guard import CSRF_HEADER, Keys
from harness.marking.pages import Pages
from harness.marking.reports import Reports
from harness.marking.server import Marking, application, configured, listening
from harness.marking.session import Session
from harness.marking.store import MarkStore
from harness.results import Answer, ManualPart, Outcome, OwnFigure, OwnWork, ReportFacts, Result, RubricItem, save

RUBRIC = (
    RubricItem(id="formula", text="The formula, with its sum and logarithm", points=0.2),
    RubricItem(id="means", text="What a small and a large value mean", points=0.2),
    RubricItem(id="why", text="Why it fits a softmax output", points=0.1),
)
WORDS = "The network has 55,050 parameters: 784·64+64 + 64·64+64 + 64·10+10."
FACTS = (("The number of parameters is given as 55,050.", True), ("The number of layers is wrong: 7.", False))


def a_hand_in(name: str, text: str = WORDS, **more: Any) -> Result:
    """A hand-in with two questions for a person, 2A and 2B, and one for the machine alone."""
    passed = Outcome.PASSED
    reasons = ManualPart(max_points=0.25, asks="the reasons for these dimensions")
    loss = ManualPart(max_points=0.5, asks="the formula and what it means", rubric=RUBRIC)
    tasks = (
        task("2A", passed, 0.75, 0.75, check("2A", passed, 0.75, 0.75), manual=reasons),
        task(
            "2B",
            Outcome.FAILED,
            0,
            0.5,
            check("2B", Outcome.FAILED, 0, 0.5, message="The loss is mse."),
            manual=loss,
        ),
        task("2C", passed, 1, 1, check("2C", passed, 1, 1)),
    )
    facts: dict[str, Any] = {
        "tasks": tasks,
        "answers": (
            answer(text, "2A", facts=FACTS, where=where(5)),
            answer("It is *cross-entropy*.", where=where(8)),
        ),
        "own": OwnWork(figures=(OwnFigure(task="2A", where=where(6), png=png(2), width=56, height=28),)),
        "reports": (ReportFacts(file="report.pdf", pages=3, group="Group of Alva Ek", author="Alva Ek"),),
        "models": (),
    }
    return typical(name, **(facts | more))


def hostile_hand_in(name: str) -> Result:
    """One whose every word wants out of its place."""
    words = "\n\n".join(HOSTILE) + "\n\n<iframe src=http://evil.example></iframe> [x](javascript:alert(1))"
    return a_hand_in(name, answers=(Answer(task="2A", text=words, facts=((HOSTILE[0], False),)),))


def write_class(out: Path, *results: Result) -> Path:
    """An output folder with these results, and nothing else in it."""
    for result in results:
        folder = out / result.submission.name
        folder.mkdir(parents=True)
        save(result, folder / "result.json")
    return out


def names(count: int) -> list[str]:
    return [f"group-{number:02}" for number in range(1, count + 1)]


def small_class(out: Path, count: int = 4) -> Path:
    return write_class(out, *[a_hand_in(name) for name in names(count)])


@dataclass
class Served:
    """A marking page that is served, and how a program asks it."""

    out: Path
    keys: Keys
    faults: list[Exception] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)

    @property
    def store(self) -> MarkStore:
        return MarkStore.of(self.out)

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str | None) -> Answered:
        """Ask as the page would. `headers`, with _ for -: others in place of the page's own, None for none."""
        return asked(self.keys, path, method, body, **headers)

    def decide(self, target: str = "2B", key: str = "group-01", **said: Any) -> Answered:
        given = {"kind": "mark", "points": None, "text": "", "rubric": [], "after": None, **said}
        return self.ask("/api/decide", "POST", {"key": key, "target": target, **given})


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def standing(self) -> Any:
        return self.json["standing"]


def asked(keys: Keys, path: str, method: str = "GET", body: Any = None, **headers: str | None) -> Answered:
    """One request to a marking page, with all that its own page sends unless `headers` say otherwise."""
    host = f"127.0.0.1:{keys.port}"
    sent: dict[str, str | None] = {"Host": host, "Cookie": f"{keys.cookie}={keys.session}"}
    if method != "GET":
        sent |= {"Origin": f"http://{host}", CSRF_HEADER: keys.csrf, "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", keys.port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@contextmanager
def served(
    out: Path, hidden: bool = False, reports: Reports | None = None, figures: KeptFigures | None = None
) -> Iterator[Served]:
    """The marking page of a folder, in a thread of this process."""
    on = listening()
    keys = Keys(on.getsockname()[1])
    page = Served(out, keys)
    gathered = Gathered(out, hidden)
    handed_in = reports or Reports((), None)
    session = Session(gathered, MarkStore.of(out), "Ask", page.decided.append)
    app = application(Marking(session, Pages(gathered, handed_in, figures), handed_in, keys), page.faults.append)
    server = uvicorn.Server(configured(app))
    thread = threading.Thread(target=server.run, args=([on],), daemon=True)
    thread.start()
    try:
        yield page
    finally:
        server.should_exit = True
        thread.join()
        handed_in.close()
        on.close()
    assert page.faults == []
