"""What the scorecard's templates show of a task: its networks, figures, images and written answers, prepared."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from harness import explained, text
from harness.computed import computation
from harness.dots import runs_figure
from harness.figures import accuracy_figure, plot_figure, points_of
from harness.kept_figures import KeptFigures
from harness.markdown import LIMIT, to_html
from harness.results import (
    Answer,
    CheckResult,
    Decision,
    Gallery,
    LayerFacts,
    ModelCard,
    OwnFigure,
    OwnLoop,
    Plot,
    Result,
    RubricItem,
    SavedFile,
    Speed,
    TaskResult,
    Threshold,
    summary,
)
from harness.strips import Piece, figure, pieces

OPEN_MODELS = 2  # a task with more networks than this shows only its first one unfolded
SHOWN_MODELS = 4  # and of more than this, the rest under one heading
WIDE = 1.8  # width over height from which a figure has a row to itself
WIDTHS = 10  # steps of a box's width in the diagram of an autoencoder; style.css has a class for each


def tasks(result: Result, figures: KeptFigures) -> list[dict[str, Any]]:
    """Each task of the result as `parts/task.html.j2` shows it."""
    return [of_task(task, result, figures) for task in result.tasks]


def others(result: Result, figures: KeptFigures) -> dict[str, Any]:
    """Networks, figures, images and answers that belong to no task of this result."""
    known = {task.id for task in result.tasks}
    tasks = {model.task for model in result.models} | {plot.task for plot in result.plots}
    tasks |= {gallery.task for gallery in result.galleries} | {answer.task for answer in result.answers}
    tasks |= {figure.task for figure in result.own.figures} if result.own else set()
    return _shown(result, tasks - known, (), False, figures)


def own_loops(result: Result) -> list[tuple[OwnLoop, str]]:
    """The networks that the hand-in trained by a loop of its own, and what was measured of each in words."""
    return [(loop, _loop(loop)) for loop in result.own_loops]


def saved_models(result: Result) -> list[dict[str, Any]]:
    """The models that were handed in as files, with what they reach as submitted and trained again, in words."""
    return [
        {"model": model, "submitted": _submitted(model), "trained": _trained_again(model)}
        for model in result.saved_models
    ]


def _submitted(model: SavedFile) -> str:
    if model.accuracy is not None:
        return f"{text.number(model.accuracy)} on {model.images:,} test images"
    if model.error is not None:
        return f"gives {model.images:,} clean test images back with an error of {text.number(model.error)} a pixel"
    return "not measured"


def _trained_again(model: SavedFile) -> str:
    if not model.task:
        return "no" if model.problem else "no: no task needs it"
    reached = "" if model.trained is None else f" ({text.number(model.trained)})"
    return f"for task {model.task}{reached}"


def of_task(task: TaskResult, result: Result, figures: KeptFigures) -> dict[str, Any]:
    """One task of the result as `parts/task.html.j2` shows it."""
    return {
        "task": task,
        "anchor": _anchor(task.id),
        "checks": [_check(check, result, figures) for check in task.checks],
        "forecast": explained.forecast(task),
        "so_far": task.points_so_far,
        "findings": [finding for finding in result.findings if finding.task == task.id],
        "unanswered": task.id in result.unanswered,
        "given": _given(task.manual.mark, task.manual.max_points) if task.manual and task.manual.mark else "",
        "rubric": _rubric(task),
        "candidates": _candidates([model for model in result.models if model.task == task.id]),
        **_shown(result, {task.id}, _accuracy_thresholds(task), True, figures),
    }


def _check(check: CheckResult, result: Result, figures: KeptFigures) -> dict[str, Any]:
    """A check as `parts/check.html.j2` shows it; where its outcome is random, with its runs and how they count."""
    view: dict[str, Any] = {
        "check": check,
        "own": explained.own_number(result, check),
        "reason": explained.reason(result, check),
        "cost": explained.cost(result, check),
        "code": explained.code(result, check) if explained.asks(check) else "",
        "came_true": explained.came_true(check.judged) if check.judged else "",
        "given": _given(check.override, check.max_points) if check.override else "",
        "drawn": "",
        "computed": None,
    }
    if check.judged is not None:
        number = result.checks.index(check) + 1  # so that ids are unique on the page
        title = f"{check.judged.name} of each run: {text.clean(check.title, 120)}"
        svg = figures.of(runs_figure, check.judged, name=f"runs-{number}", title=title)
        view["drawn"] = Markup(svg)  # noqa: S704  # ours, escaped
        data = f"--data {result.dataset.name} --profile {result.profile}"
        view["computed"] = computation(check.judged, f"harness calibrate {result.assignment.id} {data}")
    return view


def _given(decision: Decision, most: float) -> str:
    return f"Given {text.points(decision.points)} of {text.points(most)} {'point' if most == 1 else 'points'}"


def _rubric(task: TaskResult) -> list[tuple[RubricItem, bool]]:
    """What a person looked for and whether it was found; nothing where no item of the rubric was chosen."""
    mark = task.manual.mark if task.manual else None
    if task.manual is None or mark is None or not mark.chosen:
        return []
    return [(item, item.id in mark.chosen) for item in task.manual.rubric]


def _shown(
    result: Result, tasks: set[str], thresholds: Sequence[Threshold], unfold: bool, figures: KeptFigures
) -> dict[str, Any]:
    """What hangs on these tasks. Numbers count through the whole page, so that ids are unique."""
    numbered = [(number, model) for number, model in enumerate(result.models, 1) if model.task in tasks]
    models = [
        _model(model, number, thresholds, unfold and (index == 0 or len(numbered) <= OPEN_MODELS), figures)
        for index, (number, model) in enumerate(numbered)
    ]
    kept = SHOWN_MODELS if len(models) > SHOWN_MODELS + 1 else len(models)
    plots = [_plot(plot, number, figures) for number, plot in enumerate(result.plots, 1) if plot.task in tasks]
    galleries = [_gallery(gallery) for gallery in result.galleries if gallery.task in tasks]
    return {
        "models": models[:kept],
        "more_models": models[kept:],
        "plots": [plot for plot in plots if plot["drawn"]],
        "galleries": [gallery for gallery in galleries if gallery["rows"]],
        "own": _own_figures(result, tasks),
        "answers": [of_answer(answer) for answer in result.answers if answer.task in tasks],
    }


def _accuracy_thresholds(task: TaskResult) -> tuple[Threshold, ...]:
    """What the accuracy of this task's network is held against: those of the first check that measures accuracy."""
    for check in task.checks:
        if check.thresholds and any("accuracy" in each.name.lower() for each in check.measurements):
            return tuple(threshold for threshold in check.thresholds if 0 <= threshold.value <= 1)
    return ()


def _model(
    model: ModelCard, number: int, thresholds: Sequence[Threshold], is_open: bool, figures: KeptFigures
) -> dict[str, Any]:
    """A network as the page draws it; `number` makes the ids of its figures unique."""
    title = text.clean(model.title, 120)
    drawn = {
        f"Accuracy per epoch, {text.quantity(len(model.curves), 'seed')}": figures.of(
            accuracy_figure, model.curves, thresholds, name=f"curve-{number}", title=f"Accuracy per epoch: {title}"
        )
    }
    settings = [("loss", model.loss), ("optimizer", model.optimizer)]
    settings.append(("as handed in", _recipe(model.epochs, model.batch_size)))
    trained = (model.trained_epochs or model.epochs, model.trained_batch_size or model.batch_size)
    if trained != (model.epochs, model.batch_size):
        settings.append(("trained here", _recipe(*trained)))
    settings.append(("not trained" if model.problem else "trained by", model.problem or model.trainer))
    settings += [(f"speed, {each.work}", _speed(each)) for each in model.speed]
    layers = _layers(model)
    return {
        "model": model,
        "open": is_open,
        "regularizers": ", ".join(dict.fromkeys(rule for layer in model.layers for rule in layer.regularizers)),
        "settings": [(name, value) for name, value in settings if value],
        "layers": layers,
        "narrows": any(layer["bottleneck"] for layer in layers),
        "figures": [(caption, Markup(svg)) for caption, svg in drawn.items() if svg],  # noqa: S704  # ours, escaped
    }


def _candidates(models: Sequence[ModelCard]) -> list[tuple[ModelCard, str]]:
    """Networks of which one counts, each with its layers in words; none where all of them count."""
    if all(model.counts for model in models):
        return []
    return [(model, summary(model.layers)) for model in models]


def _own_figures(result: Result, tasks: set[str]) -> list[tuple[OwnFigure, Piece, bool]]:
    """The hand-in's own figures that stand with these tasks, and whether each is wide; what is no readable image is
    left out."""
    found = []
    for own in result.own.figures if result.own else ():
        made = figure(own.png, f"A figure of the hand-in, {own.where}") if own.task in tasks else None
        if made is not None:
            found.append((own, made, made.width > WIDE * made.height))
    return found


def _loop(loop: OwnLoop) -> str:
    stopped = "; its loop was stopped by a time limit" if loop.stopped else ""
    if loop.accuracy is None:
        return f"not measured{': ' + loop.problem if loop.problem else ''}{stopped}"
    return f"{text.number(loop.accuracy)} on {loop.images:,} test images, as its loop left it{stopped}"


def _recipe(epochs: int, batch_size: int) -> str:
    known = [text.quantity(epochs, "epoch")] if epochs else []
    return ", ".join([*known, f"batch {batch_size:,}"] if batch_size else known)


def _speed(speed: Speed) -> str:
    """The time beside the reference's, as a multiple; reported and never marked."""
    span = f"{text.number(round(speed.low, 2))} to {text.number(round(speed.high, 2))}"
    turns = text.quantity(speed.n, "turn")
    kept = ", measured before" if speed.kept else ""
    return f"{text.number(round(speed.ratio, 2))} × the reference’s time ({span}, {turns}{kept}); not marked"


def _layers(model: ModelCard) -> list[dict[str, Any]]:
    """The boxes of the diagram. Where widths narrow and widen again, boxes are as wide as their layers."""
    most = max([layer.params for layer in model.layers], default=0)
    boxes = [_layer(layer, model.params, most) for layer in model.layers]
    entering = _entering(model.layers)
    if entering:
        boxes.insert(0, _box("Input", shape=f"{entering:,}"))
    widths = [entering] * bool(entering) + [_values(layer) for layer in model.layers]
    narrowest = bottleneck(widths)
    if narrowest is None:
        return boxes[bool(entering) :]
    least, span = widths[narrowest], math.log(max(widths) / widths[narrowest])
    for box, width in zip(boxes, widths, strict=True):
        box["step"] = max(0, round(WIDTHS * math.log(width / least) / span)) if width else WIDTHS
    boxes[narrowest]["bottleneck"] = True
    return boxes


def bottleneck(widths: Sequence[int]) -> int | None:
    """The place of the narrowest layer, if it lies between wider ones and the last is at least twice as wide.

    `widths` are values an image and layer, 0 where not known.
    """
    known = [width for width in widths if width > 0]
    if not known:
        return None
    place = list(widths).index(min(known))
    wider_before = any(width > widths[place] for width in widths[:place])
    return place if wider_before and widths[-1] >= 2 * widths[place] else None


def _values(layer: LayerFacts) -> int:
    """How many values this layer gives for one image; 0 where its shape is open."""
    sides = layer.output_shape[1:]
    return math.prod(side for side in sides if side) if sides and all(sides) else 0


def _entering(layers: Sequence[LayerFacts]) -> int:
    """How many values enter a first layer that is dense, from its parameters; 0 where that cannot be told."""
    first = layers[0] if layers else None
    if first is None or first.class_name != "Dense" or not first.units:
        return 0
    weights = first.params // first.units  # of one unit: one a value, and a bias unless it was left out
    return weights if weights == _values(layers[-1]) else max(weights - 1, 0)


def _layer(layer: LayerFacts, total: int, most: int) -> dict[str, Any]:
    """A box of the diagram. `share` is of all parameters, `bar` of the largest layer's, in hundredths."""
    shape = layer.output_shape[1:] if layer.output_shape[:1] == (None,) else layer.output_shape
    units = "" if layer.units is None else f"{layer.units:,}"
    return _box(
        layer.class_name,
        detail=", ".join(part for part in (units, layer.activation) if part),
        regularizers=", ".join(layer.regularizers),
        shape=" × ".join("any" if side is None else f"{side:,}" for side in shape),
        params=f"{layer.params:,}" if layer.params else "",
        bar=round(100 * layer.params / most, 1) if most else 0,
        share=f"{layer.params / total:.0%} of all parameters" if total and layer.params else "",
    )


def _box(kind: str, **more: Any) -> dict[str, Any]:
    blank = {"detail": "", "regularizers": "", "shape": "", "params": "", "bar": 0, "share": ""}
    return {"kind": kind, "step": None, "bottleneck": False, **blank, **more}


def _plot(plot: Plot, number: int, figures: KeptFigures) -> dict[str, Any]:
    """A figure, and the same numbers as the rows of a table: x, then value and interval of each series."""
    series = [(each.label, {point[0]: point for point in points_of(each)}) for each in plot.series]
    series = [(label, points) for label, points in series if points]
    places = sorted({x for _, points in series for x in points})
    return {
        "plot": plot,
        "drawn": Markup(figures.of(plot_figure, plot, name=f"plot-{number}")),  # noqa: S704  # ours, escaped
        "columns": [label for label, _ in series],
        "rows": [(text.number(x), [_point(points.get(x)) for _, points in series]) for x in places],
        "lines": [(label, text.number(value)) for label, value in plot.lines],
    }


def _point(point: tuple[float, float, float, float] | None) -> tuple[str, str]:
    if point is None:
        return text.NO_VALUE, ""
    _, value, low, high = point
    return text.number(value), f"{text.number(low)} to {text.number(high)}" if low < high else ""


def _gallery(gallery: Gallery) -> dict[str, Any]:
    """Rows that hold a readable strip; a row whose data is no image is left out."""
    rows = [(row.label, pieces(row)) for row in gallery.rows]
    return {"gallery": gallery, "rows": [(label, made) for label, made in rows if made]}


def of_answer(answer: Answer) -> dict[str, Any]:
    """A written answer as `parts/shown.html.j2` shows it."""
    cut = len(answer.text) > LIMIT
    return {"answer": answer, "html": to_html(answer.text), "cut": f"{LIMIT:,}" if cut else ""}


def _anchor(name: str) -> str:
    return "task-" + re.sub(r"[^A-Za-z0-9-]", "-", name)[:40]
