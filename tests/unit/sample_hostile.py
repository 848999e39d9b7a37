"""Texts that must stay text wherever they are shown, and a result that is full of one."""

from __future__ import annotations

from unit.sample_parts import NOON, answer, check, gallery, marked, mlp, png, sweep
from unit.sample_random import CNN_GATE
from unit.sample_results import typical

from harness.gates import Forecast
from harness.recording import Finding, Where
from harness.results import (
    AssignmentFacts,
    Claim,
    DatasetFacts,
    ErrorNote,
    GalleryRow,
    IntegrityNote,
    Judged,
    LayerFacts,
    Measurement,
    OtherNetwork,
    Outcome,
    Override,
    OwnFigure,
    OwnLoop,
    OwnWork,
    ReportFacts,
    Result,
    RubricItem,
    SavedFile,
    Series,
    SubmissionFacts,
    SubmittedFile,
    TaskResult,
    Threshold,
    Unplaced,
)

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)>',
    "javascript:alert(3)//https://evil.example/a.js",
    "' onmouseover='alert(4)",
    "{{ 7*7 }}{% raw %}</style></script>",
    "abc\u202egpj.exe\u200b\u2066\x00\x1b[31mred\x07",
    "noncharacter \ufffe and a \u00ad soft hyphen",
)


def hostile(text: str) -> Result:
    """The same text in every place where a hand-in can put one."""
    place = Where(file=text[:300], cell=3, line=4)
    bad = check(
        "2C",
        Outcome.FAILED,
        0,
        1,
        id=text,
        title=text,
        message=text,
        hint=text,
        where=place,
        measurements=(Measurement(name=text, value=0.5, unit=text, how=text),),
        thresholds=(Threshold(value=0.97, source="course", name=text),),
    )
    card = mlp(
        title=text,
        loss=text,
        optimizer=text,
        trainer=text,
        where=place,
        layers=(LayerFacts(class_name=text, name=text, activation=text, params=5, regularizers=(text,)),),
    )
    watched = Measurement(name="accuracy", value=0.5)
    gate = CNN_GATE.model_copy(update={"task": text, "measure": text})
    judged = Judged(name=text, values=(0.5, 0.51), gate=gate, forecast=Forecast.AT_RISK)
    bad = bad.model_copy(update={"judged": judged})
    bad = bad.model_copy(update={"measurements": (*bad.measurements, watched)})
    doubt = {"holds": False, "doubt": text}
    bad = bad.model_copy(update={"override": Override(points=1, reason=text, by=text, at=NOON, **doubt)})
    plot = sweep(
        task="2C",
        title=text,
        x_label=text,
        y_label=text,
        note=text,
        series=tuple(Series(label=text, x=(0.0, 1.0), y=(0.5, 0.6)) for _ in range(2)),
        lines=((text, 0.55),),
    )
    strips = gallery(GalleryRow(label=text, png=png(), images=10), GalleryRow(label="x", png=text, images=1))
    strips = strips.model_copy(update={"task": "2C", "title": text, "note": text})
    said = answer(text, "2C", where=place, facts=((text, True), (text, False)))
    tasks = (
        TaskResult(
            id="2C",
            title=text,
            points=0,
            max_points=1,
            machine_points=0,
            machine_max_points=1,
            outcome=Outcome.FAILED,
            checks=(bad,),
            matched=(text,),
            sure=False,
            manual=marked(0.5, text, by=text, **doubt).model_copy(
                update={"asks": text, "rubric": (RubricItem(id="this", text=text[:300] or "a", points=0.5),)}
            ),
        ),
        TaskResult(
            id=text,
            title=text,
            points=None,
            max_points=1,
            machine_points=None,
            machine_max_points=0,
            outcome=Outcome.MANUAL,
        ),
    )
    finding = Finding(code="a-finding", message=text, task="2C", where=place)
    lost = Unplaced(kind=text, target=text, points=1, text=text, by=text, at=NOON)
    return typical(
        text,
        tasks=tasks,
        unplaced=(lost,),
        models=(
            card.model_copy(update={"counts": False, "problem": text}),
            card.model_copy(update={"task": text}),
            card.model_copy(update={"task": "9"}),
        ),
        plots=(plot, plot.model_copy(update={"task": text})),
        galleries=(strips, strips.model_copy(update={"task": text})),
        answers=(said, said.model_copy(update={"task": "9"})),
        unanswered=(text,),
        own=OwnWork(
            figures=(
                OwnFigure(task="2C", where=place, png=png(3, 60, "RGB"), width=180, height=60, placeholder=True),
                OwnFigure(task=text, where=place, png=text, width=1, height=1),
            ),
            notes=(text,),
        ),
        others=(OtherNetwork(fit=text, summary=text, where=place, reason=text),),
        own_loops=(OwnLoop(summary=text, how=text, where=place, problem=text),),
        saved_models=(SavedFile(file=text, what=text, summary=text, task=text, note=text, problem=text),),
        reports=(
            ReportFacts(file=text, pages=3, title=text, group=text, author=text, front_page=text, problem=text),
        ),
        claims=(
            Claim(name=text, claimed=0.9, measured=0.8, where=place, text=text),
            Claim(name=f"2C {text}", claimed=0.9, measured=0.8, where=place, text=text),
        ),
        findings=(finding, finding.model_copy(update={"task": None})),
        integrity=(IntegrityNote(code=text, message=text, where=place),),
        errors=(ErrorNote(where=place, type=text, message=text, source=text),),
        problem=text,
        isolation=text,
        isolated=False,
        provenance={text: {text: [text]}},
        timing={text: 1.0},
        submission=SubmissionFacts(name=text, sha256=text, files=(SubmittedFile(name=text, bytes=3, sha256=text),)),
        assignment=AssignmentFacts(id=text, title=text, version=text),
        dataset=DatasetFacts(name=text, sha256=text, official=False),
    )
