"""Whether a case got what the list says."""

from __future__ import annotations

from attacks.suite import Observed


def differences(observed: Observed) -> list[str]:
    """What differs from the expectation, a sentence each; empty where nothing does."""
    expected, evidence, result = observed.case.expected, observed.evidence, observed.result
    said = " ".join(text for text in (evidence.problem, evidence.interrupted) if text)
    errors = [f"{error.type}: {error.message}" for error in evidence.recording.errors]
    codes = {finding.code for finding in result.findings}
    notes = sorted({note.code for note in result.integrity})
    checks = (
        (ended(observed) == expected.ended, f"it ended {ended(observed)}: {said or errors}"),
        ((evidence.cause or "") == expected.cause, f"the cause is {evidence.cause or 'none'}: {said}"),
        (expected.says in said, f"the reason says {said!r}"),
        (set(expected.findings) <= codes, f"the findings are {sorted(codes)}"),
        (notes == sorted(expected.integrity), f"the integrity notes are {notes}"),
        *((any(part in one for one in errors), f"no error says {part!r}: {errors}") for part in expected.errors),
        *(
            (part in observed.printed, f"it did not print {part!r}: {observed.printed[-1500:]}")
            for part in expected.prints
        ),
        *((task in observed.earned, f"it has no points for {task}: {observed.earned}") for task in expected.earns),
    )
    return [sentence for right, sentence in checks if not right]


def ended(observed: Observed) -> str:
    """How the hand-in's code ended, in the words of `Expected.ended`."""
    if not observed.runs:
        return "refused"
    if observed.evidence.problem:
        return "nothing"
    return "interrupted" if observed.evidence.interrupted else "whole"
