"""Who may ask the marking page, and what a browser may do with what it answers."""

from http.cookies import SimpleCookie

import pytest
from unit.marking_sample import served, small_class

MARK = {"kind": "mark", "key": "group-01", "target": "2B", "points": 0.5, "text": "", "rubric": [], "after": None}
PAGES = ("/question/2B", "/question/2B/group-01", "/hand-in/group-01")
DATA = ("/api/question/2B/group-01", "/api/hand-in/group-01", "/api/overview/2B", "/scorecard/group-01")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with served(small_class(tmp_path_factory.mktemp("out"))) as running:
        yield running


def test_the_token_becomes_a_cookie_and_leaves_the_address(page):
    answer = page.ask(f"/?token={page.keys.token}", Cookie=None)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = SimpleCookie(answer.headers["set-cookie"])[page.keys.cookie]
    assert cookie.value == page.keys.session
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert page.keys.token not in answer.headers["set-cookie"]


def test_the_token_counts_in_no_other_address(page):
    assert page.ask(f"/question/2B?token={page.keys.token}", Cookie=None).status == 403


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43])
def test_a_wrong_token_lets_nobody_in(page, token):
    from urllib.parse import quote

    answer = page.ask(f"/?token={quote(token)}", Cookie=None)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", [*PAGES, *DATA, "/", "/nothing"])
def test_without_the_cookie_nothing_is_shown(page, path):
    for cookie in (None, "", f"{page.keys.cookie}=x", f"other={page.keys.session}", "a=b; =; ;"):
        answer = page.ask(path, Cookie=cookie)
        assert answer.status == 403
        assert b"group" not in answer.body


@pytest.mark.parametrize("path", [*PAGES, *DATA])
def test_with_it_all_is_shown(page, path):
    assert page.ask(path).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", None]
)
def test_a_name_that_is_not_this_servers_is_refused(page, host):
    """As DNS rebinding has it: the attacker's name leads to 127.0.0.1, and the browser sends what it has for it."""
    answer = page.ask("/question/2B", Host=host and host.format(port=page.keys.port))
    assert answer.status in (400, 421)
    assert b"group" not in answer.body


def test_localhost_is_this_server_for_whoever_comes_by_a_tunnel(page):
    assert page.ask("/question/2B", Host=f"localhost:{page.keys.port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Harness_CSRF": None},
        {"X_Harness_CSRF": "x"},
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},  # another name than the one that was asked
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Cookie": None},
        {"Content_Type": "text/plain"},
        {"Content_Type": None},
        {"Host": "evil.example:{port}"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/api/decide", "/api/undo"])
def test_nothing_is_written_that_does_not_come_from_the_page(page, path, headers):
    filled = {name: value and value.format(port=page.keys.port) for name, value in headers.items()}
    assert page.ask(path, "POST", MARK, **filled).status in (403, 415, 421)
    assert page.store.since() == ()


@pytest.mark.parametrize("path", ["/api/decide", "/api/undo"])
def test_nothing_is_written_by_a_question(page, path):
    assert page.ask(path).status == 405


@pytest.mark.parametrize("path", [*PAGES, *DATA, "/", "/nothing", "/?token=x"])
def test_every_answer_is_kept_nowhere_sniffed_by_nobody_and_framed_by_no_stranger(page, path):
    headers = page.ask(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    framed = "'self'" if path.startswith("/scorecard") else "'none'"
    assert f"frame-ancestors {framed}" in headers["content-security-policy"]
    assert headers["x-frame-options"] == ("SAMEORIGIN" if framed == "'self'" else "DENY")
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_of_the_page_allows_its_own_script_and_style_and_nothing_inline(page, path):
    policy = page.ask(path).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == 2
    for forbidden in ("base-uri 'none'", "form-action 'none'"):
        assert forbidden in policy


def test_a_scorecard_has_no_origin(page):
    policy = page.ask("/scorecard/group-01").headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kind": "mark"}', b"null", b"\xff"])
def test_what_is_no_decision_is_refused_in_words(page, body):
    answer = page.ask("/api/decide", "POST", body)
    assert answer.status == 400
    assert answer.json["words"]


def test_a_request_without_end_is_cut_off(page):
    answer = page.ask("/api/decide", "POST", b" " * 200_000)
    assert answer.status == 413
    assert page.store.since() == ()
