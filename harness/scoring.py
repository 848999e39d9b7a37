"""From check results to the result tree: outcomes and points of tasks, cards of networks, claims."""

from __future__ import annotations

from collections.abc import Sequence

from harness.answers import report_facts, written_answers
from harness.assignment import Assignment, TaskSpec
from harness.evidence import Evidence, Network
from harness.recording import Finding
from harness.results import (
    Answer,
    AssignmentFacts,
    CheckResult,
    ErrorNote,
    IntegrityNote,
    ManualPart,
    ModelCard,
    Outcome,
    Result,
    TaskResult,
    with_totals,
)
from harness.work import other_networks, own_loops, own_work, saved_files

INTEGRITY = frozenset(
    {
        "addressed-to-a-reviewer", "contradicted-number", "evaluation-images-in-training", "fit-without-source",
        "own-settings", "shadows-library",
    }
)  # fmt: skip
"""Findings that a person should look at; the others are the student's to read."""


def build_result(
    assignment: Assignment, evidence: Evidence, checks: Sequence[CheckResult], findings: Sequence[Finding]
) -> Result:
    """The whole tree for one submission, without provenance and timing."""
    from harness.claims import claims

    written = written_answers(evidence.recording, {name: spec.headings for name, spec in assignment.tasks.items()})
    tasks = tuple(
        task_result(name, spec, [check for check in checks if check.task == name], evidence)
        for name, spec in assignment.tasks.items()
    )
    return Result(
        submission=evidence.submission,
        assignment=AssignmentFacts(
            id=assignment.id,
            title=assignment.title,
            version=assignment.version,
            dataset=assignment.dataset,
            telling=assignment.explaining.telling,
            silent=assignment.explaining.silent,
        ),
        profile=evidence.profile,
        dataset=evidence.dataset,
        tasks=tasks,
        models=model_cards(assignment, evidence),
        plots=tuple(assignment.module("figures").plots(evidence)),
        galleries=tuple(assignment.module("figures").galleries(evidence)),
        own=own_work(evidence),
        others=other_networks(evidence),
        own_loops=own_loops(evidence),
        saved_models=saved_files(evidence),
        order=evidence.recording.order,
        answers=with_facts(assignment, written.answers),
        unanswered=unanswered(assignment, evidence, written.missing),
        reports=tuple(report_facts(report) for report in evidence.recording.reports),
        claims=claims(evidence),
        findings=tuple(finding for finding in findings if finding.code not in INTEGRITY),
        integrity=tuple(
            IntegrityNote(code=finding.code, message=finding.message, where=finding.where)
            for finding in findings
            if finding.code in INTEGRITY
        ),
        errors=tuple(
            ErrorNote(where=error.where, type=error.type, message=error.message, source=error.source)
            for error in evidence.recording.errors[:50]
        ),
        isolation=evidence.isolation,
        isolated=evidence.isolated,
        problem=evidence.problem,
    )


def with_facts(assignment: Assignment, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """The answers with what the assignment's `facts.py`, where it has one, finds right or wrong in them.

    The facts of a task are told from all its text together and stand with its first answer.
    """
    if not (assignment.folder / "facts.py").is_file():
        return tuple(answers)
    texts: dict[str, list[str]] = {}
    for answer in answers:
        texts.setdefault(answer.task, []).append(answer.text)
    made = []
    for answer in answers:
        whole = texts.pop(answer.task, None)
        facts = tuple(assignment.module("facts").facts(answer.task, "\n\n".join(whole))) if whole else ()
        made.append(answer.model_copy(update={"facts": facts}))
    return tuple(made)


def unanswered(assignment: Assignment, evidence: Evidence, missing: Sequence[str]) -> tuple[str, ...]:
    """The tasks of which a person reads the text and finds none; nothing is said of a hand-in that was not read."""
    recording = evidence.recording
    if not (recording.sources or recording.answers or recording.reports):
        return ()
    return tuple(task for task in missing if assignment.tasks[task].person > 0)


def task_result(name: str, spec: TaskSpec, checks: Sequence[CheckResult], evidence: Evidence) -> TaskResult:
    """A task's outcome and points from its checks and the person's share."""
    machine_max = round(sum(check.max_points for check in checks), 6)
    person = round(spec.machine + spec.person - machine_max, 6)
    manual = ManualPart(max_points=person, asks=spec.asks, rubric=spec.rubric) if person > 0 else None
    match = evidence.matches.get(name)
    task = TaskResult(
        id=name,
        title=spec.title,
        points=None,
        max_points=round(spec.machine + spec.person, 6),
        machine_points=None,
        machine_max_points=machine_max,
        outcome=Outcome.MANUAL,
        checks=tuple(checks),
        manual=manual,
        matched=match.reasons if match else (),
        sure=match is None or match.sure,
    )
    return with_totals(task)


def model_cards(assignment: Assignment, evidence: Evidence) -> tuple[ModelCard, ...]:
    """A card for each matched network, in the order of the tasks; one network is drawn once."""
    cards = []
    seen: set[str] = set()
    for name in assignment.tasks:
        for network in evidence.networks(name):
            if network.record.id not in seen and network.layers:
                seen.add(network.record.id)
                first = network.record.id == evidence.matches[name].fits[0]
                card = _card(name, assignment.tasks[name].title, network)
                cards.append(card.model_copy(update={"counts": first or assignment.tasks[name].sweep}))
    return tuple(cards)


def _card(task: str, title: str, network: Network) -> ModelCard:
    record, evidence = network.record, network.evidence
    return ModelCard(
        task=task,
        fit=record.id,
        title=title,
        where=record.where,
        params=network.params,
        layers=network.layers,
        loss=evidence.loss[0] if evidence.loss else "",
        optimizer=_settings(evidence.optimizer),
        epochs=record.epochs,
        batch_size=record.batch_size,
        trained_epochs=evidence.scaled.epochs if evidence.scaled else None,
        trained_batch_size=evidence.scaled.batch_size if evidence.scaled else None,
        curves=tuple(run.curve for run in evidence.runs),
        accuracy=sum(network.accuracies) / len(network.accuracies) if network.accuracies else None,
        problem=evidence.problem or "",
        trainer=evidence.runs[0].trainer if evidence.runs else "",
        speed=evidence.speed,
    )


def _settings(component: tuple[str, dict[str, object]] | None) -> str:
    """ "SGD(learning_rate=0.1)"."""
    if component is None:
        return ""
    name, arguments = component
    return f"{name}({', '.join(f'{key}={value}' for key, value in arguments.items())})"
