"""What stands before every request to the marking page: who may ask, and what a browser may do with the answer.

The page is for whoever reads the address off the terminal. It listens on 127.0.0.1, where other programs and other
users of the machine, and any web page that is open in the same browser, can reach it as well. So:

- the address holds a random token; it becomes a cookie at once (HttpOnly, SameSite=Strict) and leaves the address;
- the `Host` header is this server's own, so that no name that an attacker points at 127.0.0.1 gets through
  (DNS rebinding);
- whatever writes needs the token of the page in a header, and comes from this origin (CSRF);
- nothing is cached, framed by others, sniffed or referred to.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_HEADER = "X-Harness-CSRF"
READING = ("GET", "HEAD")
ALWAYS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
UNLESS_SAID = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Keys:
    """The secrets of one run, and where it listens."""

    port: int
    token: str = field(default_factory=_random)
    session: str = field(default_factory=_random)
    csrf: str = field(default_factory=_random)

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a `Host` header may be; localhost for whoever comes by an SSH tunnel of the same port."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def address(self) -> str:
        """Where the page is, for whoever runs the server."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies know no ports, and two folders may be marked at once."""
        return f"harness_marking_{self.port}"


class Guard:
    """An ASGI application before another one, which it lets through what may pass."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on; either answer gets the headers."""
        if scope["type"] != "http":  # uvicorn is told to speak nothing else
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                for name, value in UNLESS_SAID.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._answer(Request(scope)) or self._app
        await app(scope, receive, with_headers)

    def _answer(self, request: Request) -> Response | None:
        """What is answered in place of the page; None where the request may pass."""
        keys, headers = self._keys, request.headers
        if headers.getlist("host") not in [[host] for host in keys.hosts]:
            return PlainTextResponse("This server is known by another name.", 421)
        given = request.query_params.get("token")
        if given is not None and request.url.path == "/" and request.method == "GET":
            return self._let_in() if _same(given, keys.token) else _stranger()
        if not _same(_cookie(headers, keys.cookie), keys.session):
            return _stranger()
        if request.method not in READING:
            return self._written(request)
        return None

    def _let_in(self) -> Response:
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._keys.cookie, self._keys.session, httponly=True, samesite="strict", path="/")
        return answer

    def _written(self, request: Request) -> Response | None:
        """Whether what writes comes from a page of ours."""
        headers = request.headers
        origins = {f"http://{host}" for host in self._keys.hosts}
        own = headers.get("origin") in origins and headers.get("origin") == f"http://{headers['host']}"
        if not own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return PlainTextResponse("This does not come from the marking page.", 403)
        if not _same(headers.get(CSRF_HEADER, ""), self._keys.csrf):
            return PlainTextResponse("This page is of an earlier run: open the address anew.", 403)
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return PlainTextResponse("JSON is taken, nothing else.", 415)
        return None


def _stranger() -> Response:
    return PlainTextResponse(
        "This page is for whoever started `harness marking`: open the address that it printed, with its token.", 403
    )


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _same(given: str, known: str) -> bool:
    return secrets.compare_digest(given.encode(), known.encode())
