"""Work of a hand-in beside what checks look at, as the result tree has it: its own figures, other networks."""

from __future__ import annotations

from harness.evidence import Evidence, Network, SavedModel
from harness.results import OtherNetwork, OwnLoop, OwnWork, SavedFile, summary


def own_work(evidence: Evidence) -> OwnWork | None:
    """What the hand-in's own code showed with trained weights, and how real that run was."""
    replay = evidence.replay
    if replay is None:
        return None
    answered = [evidence.fits[fit] for fit in replay.fits if fit in evidence.fits]
    merged = {fit for one in answered for fit, _ in one.merged[:-1]}
    notes = []
    if replay.problem:
        notes.append(f"That run did not come to its end, which costs nothing. {replay.problem}")
    if any(one.scaled is not None for one in answered):
        notes.append(
            "Some networks were trained here for more or fewer epochs than asked (see “trained here”); what your "
            "code draws of their training has the epochs that it asked for."
        )
    if any(not one.runs and one.fit not in merged for one in answered):
        notes.append("Replicates that were not trained here have the weights of an equal network that was.")
    if any(figure.placeholder for figure in replay.figures):
        notes.append("Networks that were not trained answered with placeholders; figures that use them say so.")
    return OwnWork(figures=replay.figures, notes=tuple(notes))


def other_networks(evidence: Evidence) -> tuple[OtherNetwork, ...]:
    """The fits that no task needs, in the order in which they ran. A fit that a matched one goes on from is part of
    that one's training."""
    records = {fit.id: fit for fit in evidence.recording.fits}
    matched = [network.evidence for task in evidence.matches for network in evidence.networks(task)]
    merged = {fit for one in matched for fit, _ in one.merged}
    left = [records[fit] for fit in evidence.unused if fit not in merged and fit in evidence.fits]
    return tuple(
        OtherNetwork(
            fit=fit.id,
            summary=summary(Network(fit, evidence.fits[fit.id]).layers),
            params=evidence.fits[fit.id].facts.params,
            epochs=fit.epochs,
            where=fit.where,
            reason=fit.error or evidence.fits[fit.id].problem or "",
        )
        for fit in left
    )


def own_loops(evidence: Evidence) -> tuple[OwnLoop, ...]:
    """The networks that the hand-in trained by a loop of its own, with what trusted code measured of them."""
    return tuple(
        OwnLoop(
            summary=summary(one.facts.layers),
            params=one.facts.params,
            how=one.how,
            accuracy=one.accuracy,
            images=one.images,
            stopped=one.stopped,
            problem=one.problem or "",
            where=one.where,
        )
        for one in evidence.self_trained
    )


_FORMATS = {"hdf5": "HDF5", "weights": "weights alone", "saved_model": "SavedModel", "unknown": "", "keras": ""}


def saved_files(evidence: Evidence) -> tuple[SavedFile, ...]:
    """The models that were handed in as files, with what trusted code measured of their weights, and of their
    configuration where a task needed it."""
    return tuple(_saved_file(evidence, one) for one in evidence.saved_models)


def _saved_file(evidence: Evidence, one: SavedModel) -> SavedFile:
    answered = [
        (task, network)
        for task in evidence.matches
        for network in evidence.networks(task)
        if network.record.method == "saved_model" and network.record.id.startswith(f"{one.id}-")
    ]
    reached = [network.accuracies for _, network in answered if network.accuracies]
    version = f"Keras {one.version}" if one.version else ""
    note = f"a part of the model in {one.part_of}" if one.part_of else ""
    if one.fit is not None:
        note = f"the weights of the network of {one.fit}"
    return SavedFile(
        file=one.file,
        what=", ".join(word for word in (_FORMATS[one.format], version) if word),
        summary=summary(one.facts.layers),
        params=one.facts.params,
        accuracy=one.accuracy,
        error=one.error,
        images=one.images,
        task=", ".join(task for task, _ in answered),
        trained=sum(reached[0]) / len(reached[0]) if reached else None,
        note=note,
        problem=one.problem or "",
    )
