"""Every mark that differs between two results of a hand-in, and why: told from what the two results hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from harness.complaints.difference import Difference, Side, Total, Why
from harness.evidence import Evidence
from harness.plugin import NOT_LOOKED_AT
from harness.results import CheckResult, Decision, ManualPart, Mark, Override, Result, TaskResult
from harness.text import number, points, share

PLACES = 9  # decimals by which two numbers are equal: what is summed in another order


@dataclass(frozen=True)
class Read:
    """A result, and how its evidence is read where it is wanted; None where there is none."""

    result: Result
    evidence: Callable[[], Evidence | None] = lambda: None


def differences(old: Read, new: Read, everything: bool = False) -> list[Difference]:
    """What differs between two results of a hand-in, in the order of the tasks; with `everything` also what was
    measured otherwise beside the same verdict."""
    found: list[Difference] = []
    about = _Pair(old, new)
    tasks = {task.id: None for result in (new.result, old.result) for task in result.tasks}
    for task in tasks:
        was, now = (_task(result, task) for result in (old.result, new.result))
        found += _checks(about, task, was, now)
        found += _manual(about, task, was, now)
    return [one for one in found if one.counts or (everything and one.why)]


def total(old: Result, new: Result) -> Total | None:
    """The totals, where they differ."""
    one = Total(
        submission=new.submission.name, before=old.points, after=new.points, max_before=old.max_points,
        max_after=new.max_points,
    )  # fmt: skip
    same = _equal(one.before, one.after) and _equal(one.max_before, one.max_after)
    return None if same else one


def versions(pairs: Iterable[tuple[Result, Result]]) -> Iterator[tuple[str, str, str]]:
    """The versions that differ, each change once, with what it is the version of."""
    told = {
        (what, was, now): None
        for old, new in pairs
        for what, was, now in (
            ("harness", harness_of(old), harness_of(new)),
            (f"assignment {new.assignment.id}", old.assignment.version, new.assignment.version),
        )
        if was != now
    }
    yield from told


def harness_of(result: Result) -> str:
    """The harness that judged a result: its version and commit."""
    again = result.provenance.get("regraded")
    told = again if isinstance(again, dict) else result.provenance
    commit = told.get("commit")
    return f"{told.get('harness', 'unknown')}" + (f" ({commit})" if commit else "")


# --- one task


class _Pair:
    """Two results of a hand-in, with what is true of all of their checks."""

    def __init__(self, old: Read, new: Read) -> None:
        self.old, self.new = old.result, new.result
        self._read = (old.evidence, new.evidence)
        self._evidence: tuple[Evidence | None, Evidence | None] | None = None
        self.whole = tuple(self._whole())

    def _whole(self) -> Iterator[Why]:
        old, new = self.old, self.new
        if old.submission.sha256 != new.submission.sha256:
            was, now = (result.submission.sha256[:12] or "refused" for result in (old, new))
            yield Why(kind="hand_in", text=f"another version of the hand-in was graded: {was} → {now}")
        if old.dataset.name != new.dataset.name:
            yield Why(kind="data", text=f"measured on other data: {old.dataset.name} → {new.dataset.name}")
        if old.profile != new.profile:
            yield Why(kind="profile", text=f"another profile: {old.profile} → {new.profile}")

    def fits(self, task: str) -> tuple[str, str]:
        """Which fits answer a task, with their places, in words."""
        if self._evidence is None:
            self._evidence = (self._read[0](), self._read[1]())
        was, now = (_fits(evidence, task) for evidence in self._evidence)
        return was, now


def _fits(evidence: Evidence | None, task: str) -> str:
    match = evidence.matches.get(task) if evidence else None
    if evidence is None or match is None:
        return ""
    places = {record.id: str(record.where) if record.where else record.id for record in evidence.recording.fits}
    return "; ".join(f"{fit} ({places.get(fit, '')})" for fit in match.fits) or "none"


def _task(result: Result, name: str) -> TaskResult | None:
    return next((task for task in result.tasks if task.id == name), None)


def _checks(about: _Pair, task: str, was: TaskResult | None, now: TaskResult | None) -> Iterator[Difference]:
    before = {check.id: check for check in was.checks} if was else {}
    after = {check.id: check for check in now.checks} if now else {}
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        one = Difference(
            submission=about.new.submission.name, task=task, check=name,
            title=new.title if new else old.title if old else "", before=_side(old), after=_side(new),
        )  # fmt: skip
        yield one.model_copy(update={"why": tuple(_why(about, old, new, one.counts))})


def _side(check: CheckResult | None) -> Side | None:
    if check is None:
        return None
    return Side(
        points=_rounded(check.counted_points), max_points=round(check.max_points, PLACES),
        outcome=check.counted_outcome.value,
    )  # fmt: skip


def _why(about: _Pair, old: CheckResult | None, new: CheckResult | None, counts: bool) -> Iterator[Why]:
    """Why a check says something else, the most direct reasons first."""
    if old is None or new is None:
        yield Why(kind="check", text="the check is new" if new else "the check is no longer there")
        return
    direct = [*about.whole, *_match(about, old, new), *_measured(old, new), *_held_against(old, new)]
    direct += [*_cause(old, new), *_earlier(old, new), *_decided(old.override, new.override, "override")]
    if old.version != new.version:
        direct.append(Why(kind="check", text=f"the check itself changed: {old.version} → {new.version}"))
    if not _equal(old.max_points, new.max_points):
        direct.append(_worth(old.max_points, new.max_points))
    yield from direct
    judged = old.outcome != new.outcome or not _equal(_share(old), _share(new))
    if not (counts and judged):
        return
    explained = [one for one in direct if one.kind != "points"]
    was, now = harness_of(about.old), harness_of(about.new)
    if was != now:
        yield Why(kind="harness", text=f"another harness: {was} → {now}")
    elif not explained and about.old.assignment.version != about.new.assignment.version:
        was, now = about.old.assignment.version, about.new.assignment.version
        yield Why(kind="assignment", text=f"something else of the assignment changed: {was} → {now}")
    elif not explained:
        yield _UNKNOWN


def _match(about: _Pair, old: CheckResult, new: CheckResult) -> Iterator[Why]:
    if about.old.submission.sha256 != about.new.submission.sha256:
        return  # its fits are others, and their names say nothing
    was, now = about.fits(new.task)
    if was and now and was != now:
        yield Why(kind="match", text=f"other networks answer {new.task}: {was} → {now}")
    elif old.where != new.where:
        yield Why(kind="match", text=f"it is about another place: {old.where or 'none'} → {new.where or 'none'}")


def _measured(old: CheckResult, new: CheckResult) -> Iterator[Why]:
    """The numbers that are others: each run of a random outcome, else each measurement."""
    difference = bool(new.judged and new.judged.gate.difference)
    runs_before, runs_after = (one.judged.values if one.judged else () for one in (old, new))
    if runs_before != runs_after and new.judged is not None and old.judged is not None:
        was, now = (", ".join(share(value, difference) for value in runs) for runs in (runs_before, runs_after))
        yield Why(kind="measurement", text=f"{new.judged.name}, a run a seed: {was} → {now}")
    judged = {new.judged.name} if new.judged and old.judged else set()
    before = {one.name: one.value for one in old.measurements}
    after = {one.name: one.value for one in new.measurements}
    for name in {**after, **before}:
        if name not in judged and not (name in before and name in after and _equal(before[name], after[name])):
            changed = f"{number(before.get(name))} → {number(after.get(name))}"
            yield Why(kind="measurement", text=f"{name}: {changed}")


def _held_against(old: CheckResult, new: CheckResult) -> Iterator[Why]:
    before, after = (_thresholds(one) for one in (old, new))
    for name in {**after, **before}:
        was, now = before.get(name), after.get(name)
        if not _equal(was, now):
            yield Why(kind="threshold", text=f"{name}: {number(was)} → {number(now)}")
    if old.judged and new.judged and old.judged.identity != new.judged.identity:
        told = "taken for" if new.judged.identity else "not taken for"
        yield Why(kind="match", text=f"network and training are {told} the assignment's own now")


def _thresholds(check: CheckResult) -> dict[str, float | None]:
    """What a check is held against, by name."""
    named: dict[str, float | None] = {one.name: one.value for one in check.thresholds}
    if check.judged:
        named |= {"points from": check.judged.gate.partial_from, "runs at most": check.judged.gate.most}
    return named


def _cause(old: CheckResult, new: CheckResult) -> Iterator[Why]:
    if old.cause != new.cause:
        was, now = (one.cause.value.replace("_", " ") if one.cause else "none" for one in (old, new))
        yield Why(kind="cause", text=f"what kept it from being measured: {was} → {now}")


def _decided(old: Decision | None, new: Decision | None, what: str) -> Iterator[Why]:
    """What a person decided in between, with the words that stand beside it; and where it counts no longer."""
    if new is None and old is not None:
        yield Why(kind="person", text=f"the {what} by {old.by} was taken back")
    elif new is not None and (old is None or (old.points, old.by, old.at) != (new.points, new.by, new.at)):
        said = new.reason if isinstance(new, Override) else new.comment if isinstance(new, Mark) else ""
        words = f": {said}" if said else ""
        yield Why(kind="person", text=f"{what} by {new.by}, {new.at:%Y-%m-%d %H:%M} UTC{words}")
    if new is not None and (old is None or old.holds) and not new.holds:
        yield Why(kind="person", text=f"the {what} by {new.by} has to be confirmed: {new.doubt}")
    elif new is not None and old is not None and not old.holds and new.holds:
        yield Why(kind="person", text=f"the {what} by {new.by} counts again")


def _earlier(old: CheckResult, new: CheckResult) -> Iterator[Why]:
    waits = [one.message.startswith(NOT_LOOKED_AT) for one in (old, new)]
    if waits[0] != waits[1]:
        told = new.message if waits[1] else "the check that it comes after passes now"
        yield Why(kind="earlier", text=told[0].lower() + told[1:].rstrip("."))


def _manual(about: _Pair, task: str, was: TaskResult | None, now: TaskResult | None) -> Iterator[Difference]:
    """The part of a task that a person gives."""
    old, new = (one.manual if one else None for one in (was, now))
    before, after = (_part(one) for one in (old, new))
    why: list[Why] = []
    if old is None or new is None:
        told = "a person gives a part of it now" if new else "no part of it is left to a person any more"
        why.append(Why(kind="points", text=told))
    elif not _equal(old.max_points, new.max_points):
        why.append(_worth(old.max_points, new.max_points))
    why += _decided(old.mark if old else None, new.mark if new else None, "mark")
    if before != after and not why:
        why += about.whole or [_UNKNOWN]
    title = new.asks if new else old.asks if old else ""
    if old or new:
        yield Difference(
            submission=about.new.submission.name, task=task, title=title, before=before, after=after, why=tuple(why)
        )


def _part(part: ManualPart | None) -> Side | None:
    return Side(points=_rounded(part.points), max_points=round(part.max_points, PLACES)) if part else None


# --- numbers

_UNKNOWN = Why(kind="unknown", text="nothing that the results hold tells why")


def _worth(was: float, now: float) -> Why:
    return Why(kind="points", text=f"worth {points(now)} in place of {points(was)}")


def _share(check: CheckResult) -> float | None:
    """The share of its points that a check earned."""
    return None if check.points is None or not check.max_points else check.points / check.max_points


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


def _equal(one: float | None, other: float | None) -> bool:
    return _rounded(one) == _rounded(other)
