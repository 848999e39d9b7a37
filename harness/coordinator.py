"""A class that is being graded: which stage of which submission comes next.

The coordinator hands stages to lanes and knows of a submission only what decides what comes next. Equal trainings
of different submissions are one. What a submission has come to is in the journal, so that a run that was cut off
goes on where it was: what is finished is read, what was recorded and trained is kept in the store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from harness import mapping, stages
from harness.comparing import Trace
from harness.evidence import Evidence
from harness.identity import of_harness, of_values, packages
from harness.journal import Journal, open_names
from harness.kept_figures import KeptFigures
from harness.lanes import TRAINER, Lanes, Ticket, WorkerLost
from harness.marking.store import MarkStore
from harness.outputs import EVIDENCE, FAULT, MATCHES, RESULT, judge, write_class, write_files, write_marked
from harness.progress import Progress
from harness.results import Result
from harness.results import load as load_result
from harness.stages import Finished, HandIn, Outline, Wanted
from harness.store import Store
from harness.traces import handed_out, trace
from harness.training.runs import Made, Untrained
from harness.untrained import untrained

if TYPE_CHECKING:
    from harness.classroom import Options

T = TypeVar("T")

TRIES = 2  # of what ends the process that works on it
TOGETHER = 64  # trainings that one stage takes on a GPU, where the trainer groups them further


@dataclass(eq=False)
class _Submission:
    """A submission on its way. `number`: its place in the class; what comes first has priority."""

    number: int
    hand_in: HandIn
    key: str
    """Identity of all that decides its result."""
    seen: Ticket[stages.Seen] | None = None
    wanted: tuple[str, ...] = ()
    missing: set[str] = field(default_factory=set)
    """Trainings that are not done yet."""


@dataclass(eq=False)
class _Training:
    """A training that one or more submissions wait for, and the submission that asked for it first."""

    wanted: Wanted
    first: _Submission
    ticket: Ticket[dict[str, Made | Untrained]] | None = None
    done: bool = False
    losses: int = 0
    users: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class _Waiting:
    """What comes after a stage: where it ended, and where its process died, with the reason."""

    go_on: Callable[[], None]
    lost: Callable[[str], None]


class Class:
    """A class that is being graded: which stage of which submission comes next."""

    def __init__(
        self,
        submissions: Sequence[HandIn],
        options: Options,
        dataset_sha256: str,
        lanes: Lanes,
        kept: Journal,
        progress: Progress,
    ) -> None:
        self._options = options
        self._lanes = lanes
        self._journal = kept
        self._progress = progress
        self._about = {"arguments": _arguments(options)}
        decided = [
            options.isolation,
            packages(),
            of_harness(),
            options.assignment.version,
            options.profile,
            dataset_sha256,
            options.device,
            options.train,
            sorted(options.only),
        ]
        self._submissions = [
            _Submission(number, one, of_values(one.name, one.facts.sha256, _why(one), {**one.given}, decided))
            for number, one in enumerate(submissions)
        ]
        self._trainings: dict[str, _Training] = {}
        self._held: list[_Training] = []
        """On a GPU: those that wait until everything was looked at, to be trained together."""
        self._orphans: list[_Training] = []
        """Those that were lost with what they start from, and wait until that was trained again."""
        self._looking: set[int] = set()
        self._results: dict[int, Result] = {}
        self._rows: dict[int, Sequence[mapping.Row]] = {}
        self._traces: list[Trace] = []
        self._waiting: dict[Ticket[Any], _Waiting] = {}
        self._losses = kept.losses() if options.resume else Counter()
        self._open = open_names(kept.before)
        self._marks = MarkStore.of(options.out)
        self._marks.present()  # a file of marks that cannot be read is said before anything is graded

    def graded(self) -> list[Result]:
        """Grade what is not finished yet, and write the class; results in the order of the submissions."""
        if self._journal.unfinished and not self._options.resume:
            self._progress.note(
                f"An earlier run in {self._options.out} did not come to its end. This one begins anew; with "
                "--resume it would go on where that one was."
            )
        self._journal.add("began")
        left = [one for one in self._submissions if not self._known(one)]
        self._journal.asked((one.hand_in.name, one.key) for one in left)
        for one in self._submissions:
            if one.number in self._results and one.hand_in.name in self._open:
                self._journal.add(
                    "finished", one.hand_in.name, one.key
                )  # a run between left it open and changed nothing
        self._looking = {one.number for one in left}
        for one in left:
            self._look(one)
        while self._waiting:
            ticket = self._lanes.next()
            waiting = self._waiting.pop(ticket, None)
            if waiting is None:
                continue
            try:
                waiting.go_on()
            except WorkerLost as error:
                waiting.lost(str(error))
        results = [self._with_marks(one) for one in self._submissions]
        rows = [row for one in self._submissions for row in self._rows[one.number]]
        traces = sorted(self._traces, key=lambda one: one.submission)
        write_class(results, rows, self._options.out, traces, self._figures())
        self._journal.add("ended")
        unsure = mapping.unsure(rows, self._options.out / MATCHES)
        if unsure and not self._options.structure_first:  # a student does not decide it
            self._progress.note(unsure)
        return results

    def _with_marks(self, one: _Submission) -> Result:
        """The result of a submission with what persons decided until now, in its files too."""
        name = one.hand_in.name
        return write_marked(
            self._results[one.number], self._options.out / name, self._marks.present(name), self._figures()
        )

    def _figures(self) -> KeptFigures:
        """The figures of the pages that are written here, kept where this machine keeps anything."""
        cache = self._options.cache
        return KeptFigures(Store(cache, self._options.cache_limit) if cache and not self._lanes.travels else None)

    # --- what was finished before

    def _known(self, one: _Submission) -> bool:
        """Take over what an earlier run finished, where this one was told to go on and nothing that decides it has
        changed."""
        if not self._options.resume or self._journal.finished().get(one.hand_in.name) != one.key:
            return False
        folder = self._options.out / one.hand_in.name
        try:
            result = load_result(folder / RESULT)
            evidence = Evidence.model_validate_json((folder / EVIDENCE).read_bytes())
        except (ValueError, OSError):
            return False
        self._results[one.number] = result
        self._rows[one.number] = mapping.rows(evidence, [rule.task for rule in self._options.assignment.rules()])
        self._traces.append(trace(evidence, handed_out(self._options.assignment)))
        self._progress.done(result)
        return True

    # --- stages

    def _look(self, one: _Submission) -> None:
        if self._losses[one.key] >= TRIES:
            self._set_aside(one)
            return
        name = one.hand_in.name
        one.seen = self._lanes.submit(f"{name}: look", stages.look, one.hand_in, priority=-one.number)
        ticket = self._lanes.submit(
            f"{name}: outline", stages.outline, one.seen, self._options.structure_first, priority=-one.number
        )
        self._then(ticket, lambda outline: self._looked(one, outline), lambda _why: self._lost_one(one))

    def _looked(self, one: _Submission, outline: Outline) -> None:
        for note in outline.notes:
            self._progress.note(note)
        if outline.evidence is not None:
            self._progress.structure(judge(self._options.assignment, untrained(outline.evidence)))
        self._journal.add("looked", one.hand_in.name, one.key)
        self._looking.discard(one.number)
        trainings = outline.wanted if self._options.train else ()
        one.wanted = tuple(wanted.key for wanted in trainings)
        one.missing = set()
        for wanted in trainings:
            training = self._trainings.get(wanted.key)
            if training is None:
                training = self._trainings[wanted.key] = _Training(wanted, one)
                self._held.append(training)
            training.users.add(one.number)
            if not training.done:
                one.missing.add(wanted.key)
        self._train()
        if not one.missing:
            self._finish(one)

    def _train(self) -> None:
        """Hand in what waits to be trained: at once, or on a GPU together when everything was looked at."""
        together = self._on_gpu
        if together and self._looking:
            return
        batches: dict[str, list[_Training]] = {}
        for number, training in enumerate(self._held):
            alone = not together or not training.wanted.program
            batches.setdefault(str(number) if alone else training.wanted.program, []).append(training)
        self._held.clear()
        for batch in batches.values():
            for begin in range(0, len(batch), TOGETHER):
                self._train_together(batch[begin : begin + TOGETHER])

    @cached_property
    def _on_gpu(self) -> bool:
        """Whether this machine's GPU trains, which takes many networks at once."""
        from harness.training import device

        asked = self._options.device
        return asked == "gpu" or (asked == "auto" and not self._lanes.travels and device.find("auto").kind == "gpu")

    def _train_together(self, batch: Sequence[_Training]) -> None:
        before = {key for training in batch for key in training.wanted.before}
        ticket = self._lanes.submit(
            f"training for {batch[0].first.hand_in.name}",
            stages.train,
            [(training.first.seen, training.wanted.key) for training in batch],
            [self._trainings[key].ticket for key in sorted(before)],
            priority=-min(training.first.number for training in batch),
            resource=TRAINER,
        )
        self._after(ticket, lambda: self._trained(batch), lambda why: self._lost_training(batch, why))
        for training in batch:
            training.ticket = ticket

    def _trained(self, batch: Sequence[_Training]) -> None:
        for training in batch:
            training.done = True
            self._journal.add("trained", training.first.hand_in.name, training.wanted.key)
        for one in self._submissions:
            if one.missing:
                one.missing -= {training.wanted.key for training in batch}
                if not one.missing:
                    self._finish(one)
        ready = [training for training in self._orphans if not self._waits(training)]
        self._orphans = [training for training in self._orphans if training not in ready]
        for training in ready:
            self._train_together([training])

    def _waits(self, training: _Training) -> bool:
        """Whether something that it starts from is not trained."""
        return not all(self._trainings[key].done for key in training.wanted.before)

    def _finish(self, one: _Submission) -> None:
        trainings = [self._trainings[key] for key in one.wanted]
        runs = list({training.ticket: None for training in trainings})
        others = frozenset(training.wanted.key for training in trainings if training.first is not one)
        ticket = self._lanes.submit(
            f"{one.hand_in.name}: finish", stages.finish, one.seen, runs, others, self._about, self._options.train,
            priority=-one.number,
            resource=TRAINER,  # it trains more seeds where runs do not decide, and measures on what was trained
        )  # fmt: skip
        self._then(ticket, lambda finished: self._finished(one, finished), lambda _why: self._lost_one(one))

    def _finished(self, one: _Submission, finished: Finished) -> None:
        folder = self._options.out / one.hand_in.name
        write_files(finished.files, folder)
        if FAULT not in finished.files:
            (folder / FAULT).unlink(missing_ok=True)  # of an earlier run
        self._results[one.number] = finished.result
        self._results[one.number] = self._with_marks(one)
        self._journal.add("finished", one.hand_in.name, one.key)
        self._rows[one.number] = finished.rows
        self._traces += [finished.trace] if finished.trace else []
        self._progress.done(self._results[one.number])
        self._let_go(one)

    def _let_go(self, one: _Submission) -> None:
        """Nobody needs what was seen of it any more, nor the trainings that it was the last to wait for."""
        for key in one.wanted:
            training = self._trainings[key]
            training.users.discard(one.number)
            same = [other for other in self._trainings.values() if other.ticket is training.ticket]
            if training.ticket is not None and not any(other.users for other in same):
                self._lanes.forget(training.ticket)
                for other in same:
                    del self._trainings[other.wanted.key]
        if one.seen is not None:  # its trainings are done, or nobody looked at it yet
            self._lanes.forget(one.seen)
        one.seen, one.wanted = None, ()

    # --- what goes wrong

    def _lost_one(self, one: _Submission) -> None:
        """The process that worked on it died. It is tried again from its beginning, and then set aside."""
        self._journal.add("lost", one.hand_in.name, one.key)
        self._losses[one.key] += 1
        self._let_go(one)
        self._progress.note(f"{one.hand_in.name}: the process that graded it died; it is tried again.")
        self._look(one)

    def _set_aside(self, one: _Submission) -> None:
        self._looking.discard(one.number)
        self._train()
        why = (
            f"The harness's own process died {TRIES} times while it graded this hand-in, so it was set aside. A "
            "person has to look at it; grading it without --resume tries it again."
        )
        ticket = self._lanes.submit(
            f"{one.hand_in.name}: set aside", stages.set_aside, one.hand_in, why, self._about, priority=-one.number
        )
        self._then(ticket, lambda finished: self._finished(one, finished), lambda _why: self._lost_one(one))

    def _lost_training(self, batch: Sequence[_Training], why: str) -> None:
        """The process that trained died: each recipe is tried once more, by itself. One that waited for what it
        starts from had not begun: that death is not its own."""
        for training in batch:
            if self._waits(training):
                self._orphans.append(training)
                continue
            training.losses += 1
            if training.losses < TRIES:
                self._train_together([training])
            else:
                self._give_up(training, f"{why}, {TRIES} times")

    def _give_up(self, training: _Training, why: str) -> None:
        training.ticket = self._lanes.submit("given up", stages.given_up, [training.wanted.key], why)
        self._after(
            training.ticket, lambda: self._trained([training]), lambda again: self._lost_training([training], again)
        )

    def _then(self, ticket: Ticket[T], go_on: Callable[[T], None], lost: Callable[[str], None]) -> None:
        """Go on with the value of a stage, which nobody else needs."""

        def taken() -> None:
            value = self._lanes.value(ticket)
            self._lanes.forget(ticket)
            go_on(value)

        self._waiting[ticket] = _Waiting(taken, lost)

    def _after(self, ticket: Ticket[Any], go_on: Callable[[], None], lost: Callable[[str], None]) -> None:
        """Go on after a stage whose value other stages need."""

        def ended() -> None:
            self._lanes.check(ticket)
            go_on()

        self._waiting[ticket] = _Waiting(ended, lost)


def _why(one: HandIn) -> str:
    """Why a hand-in was refused, where it was."""
    return one.refused.problem or "" if one.refused else ""


def _arguments(options: Options) -> dict[str, Any]:
    return {
        "data": options.data,
        "profile": options.profile,
        "device": options.device,
        "jobs": options.jobs,
        "scheduler": bool(options.scheduler),
    }
