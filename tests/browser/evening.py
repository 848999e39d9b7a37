"""The commands of docs/ta.md, run as a person types them, one after the other in one folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "ta.md"
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REHEARSED = re.compile(r"^\| (`harness .*`) \| `(--.*)` \|$", re.MULTILINE)


def commands() -> list[str]:
    """The commands of the page, in its order."""
    blocks = _COMMANDS.findall(PAGE.read_text(encoding="utf-8"))
    return [line for block in blocks for line in block.splitlines()]


def rehearsal() -> dict[str, list[str]]:
    """What the page says to add in a rehearsal, by command."""
    return {
        command.removeprefix("harness "): shlex.split(options)
        for named, options in _REHEARSED.findall(PAGE.read_text(encoding="utf-8"))
        for command in re.findall(r"`(.*?)`", named)
    }


class Evening:
    """An evening in a folder. `left` are the page's commands that were not run yet, in its order; `took` what each
    took, in seconds."""

    def __init__(self, folder: Path, author: str) -> None:
        self.folder = folder
        self.left = deque(commands())
        self.took: list[tuple[str, float]] = []
        self._more = rehearsal()
        own = {"HARNESS_CACHE": str(folder / "cache"), "HARNESS_AUTHOR": author, "PYTHONUNBUFFERED": "1"}
        self._environment = os.environ | own

    def run(self, command: str, *, rehearsed: bool = True, typed: str = "", **names: str) -> Ran:
        """Run the page's next command, which is to be this one, with what stands for its NAME, CHECK and so on;
        `rehearsed`: with the options that the page adds for a rehearsal. `typed`: what it reads."""
        line = self._next(command, rehearsed, names)
        with self._timed(command):
            ran = subprocess.run(
                line, cwd=self.folder, env=self._environment, input=typed, capture_output=True, encoding="utf-8"
            )
        return Ran(ran.returncode, " ".join(ran.stdout.split()), " ".join(ran.stderr.split()))

    @contextmanager
    def serve(self, command: str) -> Iterator[str]:
        """Run the page's next command for as long as the block is open, and end it as Ctrl-C does; gives the first
        line that it prints."""
        line = self._next(command, False, {})
        with self._timed(command), subprocess.Popen(
            line, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, encoding="utf-8"
        ) as process:  # fmt: skip
            assert process.stdout is not None
            try:
                yield process.stdout.readline()
            except BaseException:
                process.kill()
                raise
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        assert process.returncode == 0

    def table(self) -> str:
        """What each command took, a line each."""
        return "\n".join(f"{name:24} {seconds:7.1f} s" for name, seconds in self.took)

    def _next(self, command: str, rehearsed: bool, names: dict[str, str]) -> list[str]:
        said = self.left.popleft()
        assert f"{said} ".startswith(f"harness {command} "), f"{PAGE.name} goes on with {said!r}, not {command!r}"
        words = [names.get(word, word) for word in shlex.split(said)[1:]]
        more = self._more.get(command, []) if rehearsed else []
        return [sys.executable, "-m", "harness", *words, *more]

    @contextmanager
    def _timed(self, command: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.took.append((command, time.perf_counter() - began))


class Ran:
    """A command that has ended: its exit code and what it said, with blanks for line ends."""

    def __init__(self, code: int, said: str, complained: str) -> None:
        self.code, self.said, self.complained = code, said, complained

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.said}\n{self.complained}"
