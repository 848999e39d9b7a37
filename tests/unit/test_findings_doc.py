"""docs/findings.md has a row for every code that can come out, with a sentence that the code would say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "findings.md"
CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")
ROW = re.compile(r"\| `([a-z0-9-]+)` \| (.+?) \| (.+?) \|")


def sentences() -> dict[str, list[str]]:
    """Each code that the harness and its assignments can say, and patterns of the sentences that go with it."""
    said: dict[str, list[str]] = {}
    for path in sorted((*ROOT.glob("harness/**/*.py"), *ROOT.glob("reference/*/*.py"))):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        given = [node for node in nodes if isinstance(node, ast.Assign)]
        for call in (node for node in nodes if isinstance(node, ast.Call)):
            code, message = _code_and_message(call)
            if isinstance(code, ast.Constant) and CODE.fullmatch(str(code.value)):
                named = [one.value for one in given if ast.dump(one.targets[0]) == _stored(message)]
                for value in named or [message]:
                    said.setdefault(code.value, []).extend(_patterns(value))
    return said


def _code_and_message(call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
    """Of `Finding(code=…, message=…)`, of `note(code, message)` and of a note that waits for its call."""
    words = {word.arg: word.value for word in call.keywords}
    if "code" in words:
        return words["code"], words.get("message")
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    given = call.args[1:] if name == "partial" else call.args if name.endswith("note") else []
    return (given[0], given[1]) if len(given) >= 2 else (None, None)


def _stored(message: ast.expr | None) -> str:
    """How the name that holds a message looks where it is assigned; "" where the message stands there itself."""
    return ast.dump(ast.Name(message.id, ast.Store())) if isinstance(message, ast.Name) else ""


def _patterns(message: ast.expr | None) -> list[str]:
    if isinstance(message, ast.IfExp):
        return [*_patterns(message.body), *_patterns(message.orelse)]
    if isinstance(message, ast.Constant):
        return [re.escape(str(message.value))]
    if isinstance(message, ast.JoinedStr):
        parts = (re.escape(part.value) if isinstance(part, ast.Constant) else ".*" for part in message.values)
        return ["".join(parts)]
    return []


SAID = sentences()
ROWS = ROW.findall(DOC.read_text(encoding="utf-8"))


def test_every_code_is_listed_once():
    assert sorted(code for code, _, _ in ROWS) == sorted(SAID)


@pytest.mark.parametrize(("code", "sentence"), [row[:2] for row in ROWS])
def test_the_sentence_is_one_that_is_said(code, sentence):
    patterns = SAID.get(code, [])
    assert not patterns or any(re.fullmatch(pattern, sentence) for pattern in patterns)
