"""`%load_ext harness`, and then `%harness check 2D`: the same as `harness.check("2D")`."""

from __future__ import annotations

import argparse
import os
import shlex
from typing import Any, NoReturn

from harness.notebook import Checked, check


def register(shell: Any) -> None:
    """Give an IPython shell the magic `%harness`."""
    shell.register_magic_function(harness, "line", "harness")


def harness(line: str) -> Checked:
    """`%harness check [TASK …] [--train] [--path PATH] [--data DATA] [--assignment ID] [--device DEVICE]`"""
    parser = _Parser(prog="%harness", add_help=False)
    parser.add_argument("command", choices=["check"])
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--path")
    parser.add_argument("--train", action="store_true")
    for name, usual in (("data", "auto"), ("assignment", ""), ("device", "cpu")):
        parser.add_argument(f"--{name}", default=usual)
    asked = vars(parser.parse_args(_words(line)))
    return check(*asked.pop("tasks"), **{name: value for name, value in asked.items() if name != "command"})


def _words(line: str) -> list[str]:
    try:
        return [word.strip("\"'") for word in shlex.split(line, posix=os.name == "posix")]
    except ValueError as error:
        _wrong(str(error))


class _Parser(argparse.ArgumentParser):
    """One that ends no kernel."""

    def error(self, message: str) -> NoReturn:
        """A wrong line, told as IPython tells it."""
        _wrong(f"{message}. Write: {harness.__doc__}")


def _wrong(message: str) -> NoReturn:
    from IPython.core.error import UsageError

    raise UsageError(message)
