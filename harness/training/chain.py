"""Fits that build on each other: parents, layers that start trained, and calls of `fit` that are one training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.allowlist import Refused
from harness.recording import ArrayRecord, Derivation, FitRecord, Graph, LayerState, Recording
from harness.training import steering
from harness.training.arrays_spec import NOT_MADE, LayerStart
from harness.training.recipe import Prepared, Scale

MAX_ANCESTORS = 64
MAX_MERGED_EPOCHS = 500
MAX_MERGED_FITS = 1000


@dataclass(frozen=True)
class _Made:
    """A fit's recipe with the epochs and batch size handed in, and as it is trained."""

    handed_in: Prepared
    trained: Prepared


class Chains:
    """The recipes of one recording's fits as they are made, in the order of the fits: each after its parents."""

    def __init__(self, recording: Recording) -> None:
        self._fits = {fit.id: fit for fit in recording.fits}
        self._order = {fit.id: number for number, fit in enumerate(recording.fits)}
        self._models: dict[int, Graph] = {fit.model: fit for fit in recording.fits}
        self._models |= {model.uid: model for model in recording.models if model.nodes}
        self._made: dict[str, _Made | Refused] = {}
        self._by_identity: dict[str, Prepared] = {}

    def __getitem__(self, name: str) -> Prepared:
        """The recipe of the fit of this id. Raises Refused with its reason."""
        made = self._made.get(name)
        if made is None:
            raise Refused(f"there is no fit {name}")
        if isinstance(made, Refused):
            raise Refused(str(made))
        return made.trained

    def up_to(self, name: str) -> list[FitRecord]:
        """The fit of this id and all that it builds on that have no recipe yet, in the order in which they ran."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in self._fits and one not in found and one not in self._made:
                found.add(one)
                waiting += _named(self._fits[one])
        return [self._fits[one] for one in sorted(found, key=self._order.__getitem__)]

    def keep(self, fit: FitRecord, make: Callable[[FitRecord], Prepared], scale: Scale | None) -> None:
        """Make the recipe of a fit, or remember why there is none."""
        try:
            handed_in = self._joined(fit, make(fit))
            trained = _scaled(_noted(handed_in), scale)
        except Refused as reason:
            self._made[fit.id] = reason
            return
        self._made[fit.id] = _Made(handed_in, trained)
        self._by_identity[trained.recipe.without_seed] = trained

    def starts(self, graph: Graph, states: Sequence[LayerState]) -> tuple[LayerStart, ...]:
        """Where the layers of a graph that have weights start trained. Raises Refused."""
        places = {layer.uid: number for number, layer in enumerate(graph.layers) if layer.params}
        starts = {}
        for state in states:
            if state.layer in places:
                parent, of = self._parent(state)
                starts[places[state.layer]] = LayerStart(layer=places[state.layer], parent=parent, of=of)
        return tuple(starts[place] for place in sorted(starts))

    def ancestors(self, identities: Sequence[str]) -> tuple[Prepared, ...]:
        """All that must be trained before what has these parents, each after its own. Raises Refused."""
        found: dict[str, Prepared] = {}
        for identity in identities:
            parent = self._by_identity[identity]
            for one in (*parent.ancestors, parent):
                found.setdefault(one.recipe.without_seed, replace(one, ancestors=()))
        if len(found) > MAX_ANCESTORS:
            raise Refused(f"the fit builds on {len(found)} others; at most {MAX_ANCESTORS} are trained for one")
        return tuple(found.values())

    def behind(self, made: Derivation) -> Graph:
        """The graph of the model that computed an array. Raises Refused where it was not recorded, or where weights
        of it are not known: fresh ones in their place would compute something else."""
        if made.unknown:
            raise Refused(
                f"the inputs are what another network computes, and {made.unknown}; such inputs {NOT_MADE}"
            )
        if made.model not in self._models:
            raise Refused("the inputs are what another model computes, and that model was not recorded")
        return self._models[made.model]

    def _parent(self, state: LayerState) -> tuple[str, int]:
        made, fit = self._made.get(state.fit), self._fits.get(state.fit)
        if made is None or fit is None:
            raise Refused(f"it starts from the weights of {state.fit}, which is no fit that ran before")
        if isinstance(made, Refused):
            raise Refused(f"it starts from the weights of the fit in {_place(fit)}, which is not trained: {made}")
        of = next((number for number, layer in enumerate(fit.layers) if layer.uid == state.of), None)
        if of is None:
            raise Refused(f"it starts from a layer that the fit in {_place(fit)} does not have")
        return made.trained.recipe.without_seed, of

    def _joined(self, fit: FitRecord, alone: Prepared) -> Prepared:
        """The fit with those that it only goes on from, as one training of all their epochs; or as it is."""
        own = replace(alone, merged=((fit.id, fit.epochs),))
        before = self._made.get(fit.continues or "")
        if not isinstance(before, _Made):
            return own
        first = before.handed_in
        if self._only_goes_on(fit, alone, first):
            merged = (*first.merged, *own.merged)
            if len(merged) > MAX_MERGED_FITS:
                raise Refused(f"it is trained by more than {MAX_MERGED_FITS:,} fits, one going on from the other")
            epochs = min(asked(merged), MAX_MERGED_EPOCHS)
            return replace(first, recipe=first.recipe.model_copy(update={"epochs": epochs}), merged=merged)
        name, settings = alone.recipe.optimizer
        if name == "SGD" and not settings.get("momentum") and not isinstance(settings.get("learning_rate"), list):
            return own  # it has no state
        earlier = self._fits[fit.continues or ""]
        note = f"Keras keeps the state of {name} from the fit in {_place(earlier)}; here it starts afresh."
        return replace(own, notes=(*own.notes, note))

    def _only_goes_on(self, fit: FitRecord, alone: Prepared, first: Prepared) -> bool:
        """Whether every layer is as the earlier fit left it, and every setting but the epochs the same."""
        earlier = self._fits[fit.continues or ""]
        left = {state.layer for state in fit.states if state.fit == earlier.id and state.of == state.layer}
        if fit.model != earlier.model or left < {layer.uid for layer in fit.layers if layer.params}:
            return False
        if alone.recipe.callbacks or first.recipe.callbacks:
            return False  # they count from the start of each fit
        same = {"parent": first.recipe.parent, "epochs": first.recipe.epochs}
        return alone.recipe.model_copy(update=same) == first.recipe


def asked(merged: Sequence[tuple[str, int]]) -> int:
    """Epochs that several fits ask for in all."""
    return sum(epochs for _, epochs in merged)


def _noted(joined: Prepared) -> Prepared:
    """The recipe with what is trained otherwise because several fits are one training."""
    if len(joined.merged) < 2:
        return joined
    notes = list(joined.notes)
    if joined.recipe.x.root.noise is not None:
        notes.append("The noise is drawn once here, and not for each fit.")
    if (epochs := asked(joined.merged)) > joined.recipe.epochs:
        notes.append(f"Its fits add up to {epochs:,} epochs; at most {joined.recipe.epochs} are trained.")
    return replace(joined, notes=tuple(notes))


def _scaled(handed_in: Prepared, scale: Scale | None) -> Prepared:
    if scale is None:
        return handed_in
    recipe = handed_in.recipe
    steered = steering.stretched(recipe.callbacks, scale.epochs, recipe.epochs)
    update = {"epochs": scale.epochs, "batch_size": scale.batch_size, "callbacks": steered}
    return replace(handed_in, recipe=recipe.model_copy(update=update))


def _named(fit: FitRecord) -> Iterator[str]:
    """The fits that a fit refers to."""
    if fit.continues:
        yield fit.continues
    yield from (state.fit for state in fit.states)
    data = fit.data
    for record in (data.x, data.y, data.validation_x, data.validation_y):
        yield from _derived_from(record)


def _derived_from(record: ArrayRecord | None) -> Iterator[str]:
    while record is not None and record.derived is not None:
        yield from (state.fit for state in record.derived.states)
        record = record.derived.given


def _place(fit: FitRecord) -> str:
    return str(fit.where) if fit.where else fit.id
