"""docs/ta.md: its commands are as the program takes them. `tests/browser/test_evening.py` runs them, at night."""

import shlex

import pytest
from browser.evening import commands, rehearsal
from typer.main import get_command

from harness.cli import app


@pytest.fixture
def read():
    """Gives the command that a line is, as the program reads it; SystemExit for what it does not take."""
    whole, found = get_command(app), []

    def remembering(command, *path):
        for name, one in getattr(command, "commands", {}).items():
            remembering(one, *path, name)
        command.callback = lambda *_context, **_options: found.append(" ".join(path))

    remembering(whole)

    def read(line):
        with pytest.raises(SystemExit) as ended:
            whole.main(shlex.split(line)[1:], "harness")
        if ended.value.code:
            raise ended.value
        return found[-1]

    return read


@pytest.mark.parametrize("line", commands())
def test_a_command_is_as_the_program_takes_it_in_a_rehearsal_too(read, line):
    name = read(line)
    assert read(shlex.join([*shlex.split(line), *rehearsal().get(name, [])])) == name


def test_the_rehearsal_is_of_commands_that_are_on_the_page(read):
    assert set(rehearsal()) <= {read(line) for line in commands()}
    assert rehearsal()["export canvas"] == ["--incomplete"]


@pytest.mark.parametrize(
    "line", ["harness grade a --out b --datum c", "harness purge", "harness gradd a", "harness grade a"]
)
def test_what_the_program_does_not_take_is_seen(read, line):
    with pytest.raises(SystemExit):
        read(line)
