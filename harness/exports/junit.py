"""`junit.xml`: one test case a check, as CI systems read it."""

from __future__ import annotations

from xml.etree import ElementTree as ET  # only builds here; nothing hostile is parsed

from harness import explained
from harness.results import Cause, CheckResult, Outcome, Result
from harness.text import for_xml, points


def junit(result: Result) -> bytes:
    """The result as JUnit XML in UTF-8.

    A check that failed or passed in part is a failure; one left for a person or not attempted is skipped; one
    without a value by the harness's fault is an error. One that could not be measured for a cause that lies in
    the hand-in is a failure. A hand-in of which nothing could be recorded and that has no checks gets one case
    that says so. What a person gave for a task stands among the properties; a check that a person overruled counts
    as that person said, and says so.
    """
    suites = ET.Element("testsuites", name=for_xml(result.assignment.id))
    seconds = f"{sum(result.timing.values()):.3f}"
    name = f"{result.assignment.id}: {result.submission.name}"
    suite = ET.SubElement(suites, "testsuite", name=for_xml(name, 300), time=seconds)
    _properties(suite, result)
    for check in result.checks:
        _case(suite, check)
    if result.problem and not result.checks:
        case = ET.SubElement(suite, "testcase", classname="hand-in", name="the hand-in can be recorded")
        ET.SubElement(case, "failure", message=for_xml(result.problem, 500), type="not_measured")
    cases = suite.findall("testcase")
    for element in (suites, suite):
        element.set("tests", str(len(cases)))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def kind(check: CheckResult) -> str | None:
    """The element that a test case of this check carries: failure, error, skipped, or None where it passed."""
    outcome = check.counted_outcome
    if check.cause is Cause.HARNESS_FAULT and not check.overruled:
        return "error"
    if check.cause is Cause.NOT_TRAINED and not check.overruled:
        return "skipped"
    if outcome is Outcome.NOT_MEASURED:
        return "error" if check.cause is None else "failure"
    if outcome in (Outcome.FAILED, Outcome.PARTIAL):
        return "failure"
    if outcome in (Outcome.MANUAL, Outcome.NOT_ATTEMPTED):
        return "skipped"
    return None


def _properties(suite: ET.Element, result: Result) -> None:
    properties = ET.SubElement(suite, "properties")
    facts = {
        "points": points(result.points),
        "max_points": points(result.max_points),
        "machine_points": points(result.machine_points),
        "machine_max_points": points(result.machine_max_points),
        "complete": str(result.complete).lower(),
        "profile": result.profile,
        "dataset": result.dataset.name,
        "dataset_official": str(result.dataset.official).lower(),
        "problem": result.problem or "",
    }
    if result.confirmed:
        facts["confirmed"] = explained.final(result)
    for task in result.tasks:
        if task.manual and task.manual.mark:
            facts[f"mark {task.id}"] = explained.marked(task.manual)
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=for_xml(name, 100), value=for_xml(value, 2_000))


def _case(suite: ET.Element, check: CheckResult) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=for_xml(check.task, 100), name=for_xml(f"{check.id}: {check.title}", 500)
    )
    tag = kind(check)
    if tag is not None:
        word = (check.counted_outcome if check.overruled else check.cause or check.outcome).value
        message = for_xml(check.message or check.title, 500)
        element = ET.SubElement(case, tag, message=message)
        if tag != "skipped":
            element.set("type", word)
            lines = [
                check.message,
                check.hint,
                f"at {check.where}" if check.where else "",
                f"{points(check.counted_points)} of {points(check.max_points)} points",
            ]
            element.text = for_xml("\n".join(line for line in lines if line))
    if check.override is not None:
        ET.SubElement(case, "system-out").text = for_xml(explained.overruled(check))
