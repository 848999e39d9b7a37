"""What a task comes to: its outcome and points from its checks and from a person's share."""

from __future__ import annotations

from collections.abc import Sequence

from harness.results.tree import Cause, CheckResult, Outcome, TaskResult


def with_totals(task: TaskResult) -> TaskResult:
    """The task with outcome, cause and points as its checks and its manual part, as they are now, make them.

    Checks that a person overruled count as the person said; a part without a value leaves the task without one.
    """
    values = [check.counted_points for check in task.checks]
    machine = None if None in values else round(sum(value for value in values if value is not None), 6)
    manual = task.manual
    given = 0.0 if manual is None else manual.points
    outcome, cause = task_outcome(task.checks)
    return task.model_copy(
        update={
            "points": None if machine is None or given is None else round(machine + given, 6),
            "machine_points": machine if task.checks else None,
            "outcome": outcome,
            "cause": cause,
        }
    )


def task_outcome(checks: Sequence[CheckResult]) -> tuple[Outcome, Cause | None]:
    """What a task's checks come to together: those that training was left out of say nothing of the others."""
    told = [check for check in checks if check.overruled or check.cause is not Cause.NOT_TRAINED]
    if len(told) < len(checks):
        outcome, cause = task_outcome(told)
        passed = outcome in (Outcome.PASSED, Outcome.MANUAL)
        return (Outcome.NOT_MEASURED, Cause.NOT_TRAINED) if passed else (outcome, cause)
    outcomes = {check.counted_outcome for check in checks}
    causes = [check.cause for check in checks if check.cause is not None and not check.overruled]
    if not checks:
        return Outcome.MANUAL, None
    if Cause.HARNESS_FAULT in causes:
        return Outcome.NOT_MEASURED, Cause.HARNESS_FAULT
    if len(outcomes) == 1:
        return next(iter(outcomes)), causes[0] if causes else None
    if Outcome.MANUAL in outcomes and outcomes <= {Outcome.MANUAL, Outcome.PASSED}:
        return Outcome.MANUAL, None
    if not any(check.counted_points for check in checks):
        return (
            (Outcome.FAILED, None)
            if Outcome.FAILED in outcomes
            else (Outcome.NOT_MEASURED, causes[0] if causes else None)
        )
    return Outcome.PARTIAL, causes[0] if causes else None
