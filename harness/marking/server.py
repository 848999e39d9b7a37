"""The marking page's server: its addresses, and how it is run. Listens on 127.0.0.1 alone."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.graded import GradedError
from harness.marking.entries import Kind
from harness.marking.guard import Guard, Keys
from harness.marking.pages import FRAMED, Pages, View
from harness.marking.reports import ReportError, Reports
from harness.marking.session import DecisionRefused, Given, Session, Standing, Target
from harness.marking.store import Conflict, MarksError, NothingToUndo

MOST_BYTES = 100_000  # of a request: a decision with a long comment in any script has a tenth of it
T = TypeVar("T", bound=Target)
GRACE = 3  # seconds that open requests have when the server stops


@dataclass(frozen=True)
class Marking:
    """All that the addresses answer from."""

    session: Session
    pages: Pages
    reports: Reports
    keys: Keys


def application(marking: Marking, told: Callable[[Exception], object]) -> ASGIApp:
    """The page and its data, behind the guard. `told` is given what is our fault."""
    routes = _Routes(marking)

    def fault(_request: Request, error: Exception) -> Response:
        told(error)
        return _words(500, "A fault of the harness; the terminal says where its details are.")

    app = Starlette(
        routes=[
            Route("/", routes.first),
            Route("/question/{task}", routes.question_page),
            Route("/question/{task}/{key}", routes.question_page),
            Route("/hand-in/{key}", routes.hand_in_page),
            Route("/api/question/{task}/{key}", routes.question),
            Route("/api/hand-in/{key}", routes.hand_in),
            Route("/api/standing/{kind}/{key}/{target}", routes.standing),
            Route("/api/overview/{task}", routes.overview),
            Route("/api/decide", routes.decide, methods=["POST"]),
            Route("/api/undo", routes.undo, methods=["POST"]),
            Route("/scorecard/{key}", routes.scorecard),
            Route("/report/{key}/{number:int}", routes.report),
        ],
        exception_handlers={
            DecisionRefused: _said(400),
            GradedError: _said(404),
            MarksError: _said(503),
            NothingToUndo: _said(400, "There is nothing left to undo."),
            ReportError: _said(404),
            ValidationError: _said(400, "This is no decision."),
            Exception: fault,
        },
        max_body_size=MOST_BYTES,
    )
    return Guard(app, marking.keys)


class _Routes:
    """What each address answers. Methods that are not async run in threads."""

    def __init__(self, marking: Marking) -> None:
        self._session = marking.session
        self._gathered = marking.session.gathered
        self._pages = marking.pages
        self._reports = marking.reports
        self._keys = marking.keys

    # --- pages

    def first(self, _request: Request) -> Response:
        questions = list(self._gathered.questions)
        key = next(iter(self._gathered.lines))
        return RedirectResponse(f"/question/{questions[0]}" if questions else f"/hand-in/{key}", 303)

    def question_page(self, request: Request) -> Response:
        self._of(request)
        return self._page("question")

    def hand_in_page(self, request: Request) -> Response:
        self._of(request)
        return self._page("hand-in")

    def _page(self, view: View) -> Response:
        html, policy = self._pages.page(view, self._session.author, self._keys.csrf)
        return _html(html, {"Content-Security-Policy": policy})

    # --- what is looked at

    def question(self, request: Request) -> Response:
        task, key = self._of(request)
        standing = self._session.standing(Kind.MARK, key, task)
        return JSONResponse({"html": self._pages.question(task, key), "standing": _plain(standing)})

    def hand_in(self, request: Request) -> Response:
        _, key = self._of(request)
        tasks = self._gathered.line(key).shares
        marks = {task: _plain(self._session.standing(Kind.MARK, key, task)) for task in tasks}
        overrides = {check: _plain(one) for check, one in self._session.overrides(key).items()}
        return JSONResponse({"html": self._pages.hand_in(key), "marks": marks, "overrides": overrides})

    def standing(self, request: Request) -> Response:
        asked = request.path_params
        try:
            kind = Kind(asked["kind"])
        except ValueError:
            raise GradedError("that is no kind of decision") from None
        return JSONResponse({"standing": _plain(self._session.standing(kind, asked["key"], asked["target"]))})

    def overview(self, request: Request) -> Response:
        task, _ = self._of(request)
        return JSONResponse({"marked": self._session.marked(), "comments": self._session.comments(task)})

    def scorecard(self, request: Request) -> Response:
        # In a frame of its own, without an origin: whatever got past the scorecard's own policy reaches nothing.
        _, key = self._of(request)
        policy = f"sandbox allow-scripts; {FRAMED}"
        return _html(
            self._pages.scorecard(key), {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
        )

    def report(self, request: Request) -> Response:
        # No sandbox: browsers show no PDF in one. Their own reader shows it, and gives it no origin.
        if self._gathered.hidden:
            raise ReportError("A report names its authors; names are hidden here.")
        _, key = self._of(request)
        data = self._reports.pdf(self._gathered.result(key), request.path_params["number"])
        headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'unsafe-inline'; {FRAMED}",
            "X-Frame-Options": "SAMEORIGIN",
            "Content-Disposition": "inline; filename=report.pdf",
        }
        return Response(data, media_type="application/pdf", headers=headers)

    def _of(self, request: Request) -> tuple[str, str]:
        """The task and key of an address, "" where it has none. Raises GradedError for what is not here."""
        task, key = (request.path_params.get(name, "") for name in ("task", "key"))
        if task and task not in self._gathered.questions:
            raise GradedError(f"there is no question {task!r} that a person marks")
        if key:
            self._gathered.line(key)
        return task, key

    # --- what is decided

    async def decide(self, request: Request) -> Response:
        given = Given.model_validate_json(await request.body(), strict=True)
        return await self._stands(self._session.decide, given)

    async def undo(self, request: Request) -> Response:
        target = Target.model_validate_json(await request.body(), strict=True)
        return await self._stands(self._session.undo, target)

    async def _stands(self, decide: Callable[[T], Standing], target: T) -> Response:
        """What stands after a decision; where somebody else decided first (409), what stands in its place."""
        try:
            return JSONResponse({"standing": _plain(await run_in_threadpool(decide, target))})
        except Conflict:
            asked = (target.kind, target.key, target.target)
            now = await run_in_threadpool(self._session.standing, *asked)
            return JSONResponse({"standing": _plain(now)}, 409)


def listening(port: int = 0) -> socket.socket:
    """A socket that listens on 127.0.0.1, at a free port by default. Raises OSError where the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if (
        os.name == "posix"
    ):  # else a port that was just given back is taken for a minute; elsewhere it means another thing
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise OSError(error.errno, error.strerror, f"127.0.0.1:{port}") from None
    return made


def serve(app: ASGIApp, on: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until Ctrl-C or an end signal; `ready` is called when the page answers."""
    ready()  # the socket listens already: whoever comes now waits for a moment
    with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises once more when it has ended
        uvicorn.Server(configured(app)).run(sockets=[on])


def configured(app: ASGIApp) -> uvicorn.Config:
    """How the page is served: plain HTTP, no log, and nothing that a proxy says is believed."""
    return uvicorn.Config(
        app, log_level="critical", access_log=False, lifespan="off", ws="none", http="h11", loop="asyncio",
        proxy_headers=False, server_header=False, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip


# --- answers


def _html(html: str, headers: dict[str, str]) -> Response:
    return Response(html, media_type="text/html", headers=headers)


def _plain(standing: Standing) -> dict[str, Any]:
    return standing.model_dump(mode="json")


def _words(status: int, words: str) -> Response:
    return JSONResponse({"words": words}, status)


def _said(status: int, words: str | None = None) -> Callable[[Request, Exception], Response]:
    """What answers an error: its own words, or these."""
    return lambda _request, error: _words(status, str(error) if words is None else words)
