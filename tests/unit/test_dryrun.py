"""What the end of a sandbox run means: whose fault, in which words; nothing is graded without a recording."""

import numpy as np
import pytest
from evidence import fit

from harness.assignment import load
from harness.dryrun import REPLAY_SECONDS, Trained, interpret, replay
from harness.recording import FigureRecord, Passage, Recording, Where
from harness.results import Cause
from harness.sandbox import Ended, Frames, SandboxRun

WHOLE = Recording(kind="notebook", complete=True, fits=(fit(),)).model_dump_json().encode()
CUT = Recording(kind="notebook", complete=False, fits=(fit(),)).model_dump_json().encode()
BEGUN = Recording().model_dump_json().encode()
"""What the worker sends before it runs anything of the hand-in's."""
THEIRS = Cause.ERROR_IN_SUBMISSION
SLOW = "The code ran longer than 300 s although training takes no time here."
LARGE = "The code needed more memory than a run may have."
LOUD = "The code printed or sent more than a run may."
ENDS = [
    (Ended.TIMEOUT, SLOW, Cause.TIMEOUT),
    (Ended.OUT_OF_MEMORY, LARGE, Cause.OUT_OF_MEMORY),
    (Ended.OUTPUT_FLOOD, LOUD, THEIRS),
    (Ended.CRASHED, "The code ended the run: signal 11.", THEIRS),
    (Ended.KILLED, "The code ended the run: signal 11.", THEIRS),
    (Ended.BAD_FRAMES, "The code ended the run: signal 11.", THEIRS),
]


def run(ended, recording=None, **more):
    arrays = {"rows": np.arange(3, dtype="i4")}
    return interpret(SandboxRun(Frames(recording, arrays), ended, seconds=300.2, detail="signal 11", **more))


def test_every_end_is_tested():
    assert {ended for ended, _, _ in ENDS} | {Ended.FINISHED} == set(Ended)


def test_a_run_that_finished():
    made = run(Ended.FINISHED, WHOLE)
    assert (made.problem, made.interrupted, made.cause) == (None, None, None)
    assert made.recording.fits == (fit(),)
    assert made.frames["rows"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(("ended", "sentence", "cause"), ENDS)
def test_without_a_recording_nothing_is_graded(ended, sentence, cause):
    made = run(ended, BEGUN)
    assert (made.problem, made.cause, made.interrupted) == (sentence, cause, None)
    assert made.recording == Recording()
    assert made.frames == {}


def test_a_run_that_finished_without_a_recording():
    made = run(Ended.FINISHED, BEGUN)
    assert (made.problem, made.cause) == ("The code ended without a recording.", THEIRS)


@pytest.mark.parametrize("ended", Ended)
def test_where_the_worker_did_not_even_begin_it_is_our_fault(ended):
    made = run(ended, log="ModuleNotFoundError: No module named 'harness.worker'")
    assert made.cause is Cause.HARNESS_FAULT
    assert "not the hand-in's fault" in made.problem
    assert ("No module named 'harness.worker'" in made.problem) == (ended is Ended.CRASHED)


@pytest.mark.parametrize(("ended", "sentence", "cause"), ENDS)
def test_a_recording_that_was_cut_counts_as_far_as_it_goes(ended, sentence, cause):
    made = run(ended, CUT)
    assert (made.problem, made.interrupted, made.cause) == (None, sentence, cause)
    assert len(made.recording.fits) == 1
    assert "rows" in made.frames


def test_a_run_that_left_before_its_last_cell():
    made = run(Ended.FINISHED, CUT)
    assert made.interrupted == "The code ended the run before its last cell."
    assert made.cause is THEIRS


@pytest.mark.parametrize(("ended", "sentence", "cause"), ENDS)
def test_a_whole_recording_counts_whatever_came_after(ended, sentence, cause):
    made = run(ended, WHOLE)
    assert (made.problem, made.interrupted, made.cause) == (None, None, None)


@pytest.mark.parametrize("recording", [b"", b"{", b'{"kind": "other"}', b'{"fits": [{}]}', b"\xff"])
@pytest.mark.parametrize("ended", list(Ended))
def test_a_recording_that_is_none(ended, recording):
    made = run(ended, recording)
    assert made.problem.startswith("The recording is not valid: ")
    assert made.cause is THEIRS
    assert (made.recording, made.frames) == (Recording(), {})


def test_a_hand_in_without_code_was_not_attempted():
    made = run(Ended.FINISHED, Recording(kind="nothing", complete=True).model_dump_json().encode())
    assert made.problem == "The hand-in holds no notebook and no Python file: the code is missing."
    assert made.cause is None


def test_a_crash_says_its_last_words_cut():
    made = run(Ended.CRASHED, BEGUN, log="Fatal Python error: Segmentation fault\n" + "x" * 500 + "\n\n")
    assert made.problem == f"The code ended the run: signal 11. It said last: {'x' * 300}"
    assert "said last" not in run(Ended.TIMEOUT, BEGUN, log="Fatal").problem
    own = "I0000 00:00:1795280694.103562  2 cudart_stub.cc:31] Could not find cuda drivers\n"
    assert run(Ended.CRASHED, BEGUN, log=f"Fatal\n{own}").problem.endswith("It said last: Fatal")
    assert "said last" not in run(Ended.CRASHED, BEGUN, log=own).problem  # TensorFlow greets, whatever happens then
    assert interpret(SandboxRun(Frames(BEGUN), Ended.KILLED)).problem == "The code ended the run: killed."


# --- replay


class Answering:
    """A sandbox that looks at what it is given, and answers."""

    name, isolated, warning = "answering", True, ""

    def __init__(self, ended=Ended.FINISHED, recording=WHOLE, arrays=None):
        self._run = SandboxRun(Frames(recording, arrays or {}), ended, seconds=170.0)

    def run(self, job, submission, data, limits):
        self.job, self.limits = job, limits
        with np.load(data, allow_pickle=False) as archive:
            self.arrays = {name: archive[name] for name in archive.files}
        return self._run


def replayed(folder, sandbox, **trained):
    npz = folder / "data.npz"
    np.savez(npz, x_train=np.zeros((2, 28, 28), np.uint8))
    made = replay(sandbox, folder, load("dat405_a7"), npz, trained, folder)
    assert [path.name for path in folder.iterdir()] == ["data.npz"]
    return made


def test_a_replay_carries_weights_and_history_in_beside_the_data(tmp_path):
    sandbox = Answering()
    history = {"val_accuracy": (0.9, 0.97)}
    weights = [np.full((2, 3), 5, "f4"), np.zeros(3, "f4")]
    replayed(tmp_path, sandbox, **{"fit-1": Trained(weights, history), "fit-7": Trained(weights[1:], {})})
    fits = sandbox.job["replay"]
    assert fits["fit-1"] == {"weights": ["fit-1-0000", "fit-1-0001"], "history": history}
    assert set(sandbox.arrays) == {"x_train", "fit-1-0000", "fit-1-0001", "fit-7-0000"}
    assert (sandbox.arrays["fit-1-0000"] == 5).all()
    assert sandbox.job["run_seconds"] == REPLAY_SECONDS < sandbox.limits.seconds


def test_a_replay_gives_what_the_run_showed(tmp_path):
    where = Where(file="a.ipynb", cell=2)
    told = Recording(
        kind="notebook", complete=True, figures=(FigureRecord(where=where, frame="figure-01"),),
        printed=(Passage(where=where, text="accuracy 0.97"),), placeholders=(where,),
    )  # fmt: skip
    arrays = {"figure-01": np.zeros((4, 5, 3), np.uint8), "generated": np.zeros((2, 784), np.float32)}
    made = replayed(tmp_path, Answering(recording=told.model_dump_json().encode(), arrays=arrays))
    assert made.recording == told
    assert set(made.frames) == set(arrays)
    assert made.problem is None


def test_a_replay_that_fails_says_why_and_leaves_no_file(tmp_path):
    assert replayed(tmp_path, Answering(Ended.OUT_OF_MEMORY, BEGUN)).problem == LARGE
    assert "longer than 170 s" in replayed(tmp_path, Answering(Ended.TIMEOUT, CUT)).interrupted
