"""What a result says of work that no check looks at."""

from evidence import autoencoder, cnn, evidence, fit, mlp, network, sweep
from unit.sample_parts import drawn

from harness.assignment import load
from harness.evidence import Evidence, Replayed, SelfTrained
from harness.recording import Where
from harness.results import summary
from harness.training.recipe import Scale
from harness.work import other_networks, own_loops, own_work

ASSIGNMENT = load("dat405_a7")


def made(*networks, **changes) -> Evidence:
    """Evidence in which what no task needs is what the matching left over."""
    found = evidence(ASSIGNMENT, *networks, **changes)
    used = {name for match in found.matches.values() for name in match.fits}
    unused = tuple(one.record.id for one in networks if one.record.id not in used)
    return found.model_copy(update={"unused": unused})


def notes(*networks, **replay) -> tuple[str, ...]:
    fits = tuple(one.record.id for one in networks)
    return own_work(made(*networks, replay=Replayed(**({"fits": fits} | replay)))).notes


def test_without_a_replay_there_is_nothing_of_its_own():
    assert own_work(made(mlp())) is None
    assert own_work(made(mlp(), replay=Replayed())) is not None


def test_a_replay_of_the_networks_as_handed_in_needs_no_word():
    assert notes(mlp(), cnn(), figures=(drawn(),)) == ()


def test_notes_say_how_real_the_run_was():
    scaled = network(scaled=Scale(epochs=60, batch_size=32))
    assert any("has the epochs that it asked for" in note for note in notes(scaled))
    assert any("did not come to its end" in note for note in notes(mlp(), problem="Too slow."))
    assert any("Too slow." in note for note in notes(mlp(), problem="Too slow."))
    assert any("placeholders" in note for note in notes(mlp(), figures=(drawn(placeholder=True),)))
    equal = sweep(replicates=2)
    untrained = network(equal[1].record, equal[1].facts, ())
    assert any("weights of an equal network" in note for note in notes(equal[0], untrained))


def test_calls_of_fit_that_were_one_training_need_no_word():
    first = network(fit(id="fit-1"), accuracies=())
    second = network(fit(id="fit-2", previous=("fit-1",)), merged=(("fit-1", 5), ("fit-2", 5)))
    assert notes(first, second) == ()


def test_networks_that_no_task_needs_in_the_order_in_which_they_ran():
    places = [Where(file="a.ipynb", cell=cell) for cell in (3, 5, 9)]
    ones = [mlp(id=f"fit-{number}", where=place, epochs=number) for number, place in enumerate(places, 1)]
    failed = network(fit(id="fit-9", where=places[0], error="ValueError: no"), accuracies=())
    found = other_networks(made(*ones, failed))
    kept = {match for one in made(*ones, failed).matches.values() for match in one.fits}
    assert [one.fit for one in found] == [name for name in ("fit-1", "fit-2", "fit-3", "fit-9") if name not in kept]
    assert len(found) == 3
    assert {one.reason for one in found} == {"", "ValueError: no"}
    assert found[0].summary == "Dense 64, Dense 64, Dense 10" and found[0].params == 55_050


def test_what_a_matched_fit_goes_on_from_is_part_of_it():
    first = network(fit(id="fit-1"), accuracies=())
    second = network(fit(id="fit-2"), merged=(("fit-1", 5), ("fit-2", 5)))
    assert other_networks(made(first, second)) == ()


def test_loops_of_its_own():
    loop = SelfTrained(
        id="self-1", how="gradient_tape", facts=cnn().facts, accuracy=0.98, images=10_000, stopped=True
    )
    (found,) = own_loops(made(mlp(), self_trained=(loop,)))
    assert (found.summary, found.accuracy, found.images, found.stopped) == (
        "Conv2D 16, Dense 10",
        0.98,
        10_000,
        True,
    )
    assert (found.problem, found.params) == ("", 23_466)


def test_a_summary_names_layers_with_units():
    assert summary(autoencoder().layers) == "Dense 128, Dense 96, Dense 128, Dense 784"
    assert summary(mlp().layers[:1]) == "Flatten"
    assert summary(()) == ""
    assert summary(cnn().layers * 9).endswith(", …")
