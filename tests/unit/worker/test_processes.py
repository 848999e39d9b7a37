"""Calls that would leave the run: answered for code of the hand-in, unchanged for everyone else."""

import pytest

from harness.worker.processes import _completed, _output, _Popen, for_theirs

THEIRS = compile("answer = function(2, x=3)", "hand-in", "exec")


class Thing:
    def __init__(self, *args, **kwargs):
        self.given = (args, kwargs)


@pytest.mark.parametrize("filename", ["hand-in", "library"])
def test_who_calls_decides(filename):
    def original(*args, **kwargs):
        return ("original", args, kwargs)

    function = for_theirs(original, lambda *_, **__: "answer", lambda code: code.co_filename == "hand-in")
    names = {"function": function}
    exec(compile("answer = function(2, x=3)", filename, "exec"), names)
    assert names["answer"] == ("answer" if filename == "hand-in" else ("original", (2,), {"x": 3}))
    assert function.__name__ == "original"


def test_a_class_stays_a_class():
    made = for_theirs(Thing, lambda *_, **__: "answer", lambda code: code.co_filename == "hand-in")
    assert issubclass(made, Thing)
    assert made(1, a=2).given == ((1,), {"a": 2})
    assert isinstance(made(), Thing)
    names = {"function": made}
    exec(THEIRS, names)
    assert names["answer"] == "answer"

    class Mine(made):
        pass

    assert Mine(3).given == ((3,), {})


def test_programs_ended_at_once_and_said_nothing():
    assert (_output(), _output(text=True), _output(encoding="utf-8")) == (b"", "", "")
    done = _completed(["ls"], text=True)
    assert (done.args, done.returncode, done.stdout) == (["ls"], 0, "")
    with _Popen(["ls"]) as process:
        assert (process.wait(), process.poll(), process.communicate(), process.stdout.read()) == (
            0,
            0,
            (b"", b""),
            b"",
        )
