"""The engine that assigns fits to tasks: by an assignment's rules, with reasons, the later fit on a tie."""

from dataclasses import replace

import pytest
from evidence import (
    CNN_FACTS,
    FACTORS,
    SALT,
    WHERE,
    another,
    autoencoder,
    cnn,
    data,
    decoder,
    images,
    mlp,
    model_facts,
    network,
    sweep,
)
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load
from harness.evidence import SelfTrained
from harness.matching import Rule, Sign, UnknownFit, best_first, match, resolve
from harness.recording import Where

ASSIGNMENT = load("dat405_a7")
RULE = Rule(
    task="2C",
    needs=(Sign(0, "has epochs", lambda network: network.record.epochs > 0),),
    signs=(
        Sign(2, "trains for 10 epochs", lambda network: network.record.epochs == 10),
        Sign(1, "uses batches of 128", lambda network: network.record.batch_size == 128),
        Sign(-4, "shuffles nothing", lambda network: not network.record.shuffle),
    ),
)


def chosen(*networks, rule=RULE):
    found = match([rule], networks).by_task.get(rule.task)
    return found.fits if found else ()


def test_the_best_score_wins_wherever_it_stands():
    good, poor = mlp(id="good"), mlp(id="poor", epochs=2)
    assert chosen(good, poor) == chosen(poor, good) == ("good",)


def test_the_later_one_wins_a_tie_and_it_is_not_sure():
    found = match([RULE], [mlp(id="first"), mlp(id="second")]).by_task["2C"]
    assert (found.fits, found.sure) == (("second",), False)
    assert match([RULE], [mlp(id="only")]).by_task["2C"].sure


def test_a_need_is_no_matter_of_score():
    assert chosen(mlp(id="none", epochs=0)) == ()
    assert match([RULE], []).by_task == {}


def test_a_negative_sign_speaks_against():
    assert chosen(mlp(id="against", shuffle=False), mlp(id="poor", epochs=2, batch_size=7)) == ("poor",)


def test_reasons_are_sentences():
    found = match([RULE], [mlp(id="a", shuffle=False), mlp(id="b", epochs=0)]).by_task["2C"]
    assert found.reasons == (
        "The fit in assignment.ipynb, cell 4, line 3 answers this task: it has epochs, trains for 10 epochs, uses "
        "batches of 128.",
        "Against it: it shuffles nothing.",
    )
    two = match([RULE], [mlp(id="a", where=None), mlp(id="b", epochs=2)]).by_task["2C"]
    assert two.reasons[0].startswith("The fit answers this task:")
    assert two.reasons[1] == (
        "One more fit could have answered; the next is the one in assignment.ipynb, cell 4, line 3. Only the one "
        "taken trains for 10 epochs."
    )


def test_several_may_answer_the_best_first():
    rule = Rule("2D", RULE.needs, RULE.signs, at_most=2)
    three = [mlp(id="a", epochs=2), mlp(id="b"), mlp(id="c", batch_size=7)]
    assert chosen(*three, rule=rule) == ("b", "c")
    assert match([rule], three).unused == ("a",)


def test_a_fit_may_answer_two_tasks_and_is_then_used():
    other = Rule("2D", RULE.needs)
    found = match([RULE, other], [mlp(id="a"), mlp(id="b")])
    assert (found.by_task["2C"].fits, found.by_task["2D"].fits, found.unused) == (("b",), ("b",), ("a",))


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from([64, 128]), st.booleans()), max_size=6))
def test_every_fit_is_chosen_or_unused(settings):
    networks = [
        mlp(id=f"fit-{number}", epochs=epochs, batch_size=batch, shuffle=shuffle)
        for number, (epochs, batch, shuffle) in enumerate(settings)
    ]
    found = match([RULE], networks)
    fits = found.by_task["2C"].fits if found.by_task else ()
    assert sorted((*fits, *found.unused)) == sorted(network.record.id for network in networks)
    assert bool(fits) == any(epochs for epochs, _, _ in settings)


# --- this assignment's rules


def test_the_two_networks_of_the_main_path():
    found = match(ASSIGNMENT.rules(), [mlp(), cnn()]).by_task
    assert (found["2C"].fits, found["3A"].fits) == (("fit-1",), ("fit-cnn",))
    assert found["2C"].sure
    assert found["3A"].sure


def test_a_convolution_is_not_task_2s_and_an_mlp_not_3as():
    assert "2C" not in match(ASSIGNMENT.rules(), [cnn()]).by_task
    assert "3A" not in match(ASSIGNMENT.rules(), [mlp()]).by_task


# --- which of several counts


CNN = next(rule for rule in ASSIGNMENT.rules() if rule.task == "3A")


def convolutional(*accuracies, **changes):
    return [cnn(value, id=f"cnn-{number}", **changes) for number, value in enumerate(accuracies)]


@pytest.mark.parametrize(
    ("levels", "best"),
    [
        ((0.0, 0.2, 0.4, 0.6, 1.0), 2),
        ((0.1, 0.5, 0.9), 1),
        ((0.2, 0.6, 0.8, 1.0), 1),
        ((0.35, 0.5), 0),
        ((0.401, 0.399, 1.0), 1),
    ],
)
def test_of_autoencoders_for_a_level_each_the_one_nearest_to_the_level_asked_answers(levels, best):
    networks = []
    for number, level in enumerate(levels):
        noisy = images(shape=(60_000, 784), noise=SALT.model_copy(update={"level": level}) if level else None)
        network = autoencoder(x=noisy)
        record = network.record.model_copy(update={"id": f"fit-{number}"})
        evidence = network.evidence.model_copy(update={"fit": record.id})
        networks.append(replace(network, record=record, evidence=evidence))
    assert match(ASSIGNMENT.rules(), networks).by_task["4A"].fits == (f"fit-{best}",)


def test_the_decoder_of_task_4as_autoencoder_goes_before_all_others():
    own, other = autoencoder(), another(autoencoder(x=images(shape=(60_000, 784))), "other")
    found = match(ASSIGNMENT.rules(), [own, other], models=[decoder(other), decoder(own)]).by_task
    assert found["4A"].fits == found["4D"].fits == ("fit-ae",)
    assert found["4D"].sure
    assert found["4D"].reasons == (
        "The fit in assignment.ipynb, cell 4, line 3 answers this task: it is trained to give images back, shares "
        "its last layers with a decoder.",
    )


def test_without_it_autoencoders_with_a_decoder_answer_task_4d():
    own = autoencoder()
    others = [another(own, name, epochs=9) for name in ("one", "two", "three")]
    models = [decoder(other) for other in others[:2]]
    found = match(ASSIGNMENT.rules(), [*others, own], candidates=3, models=models)
    assert found.by_task["4A"].fits == ("fit-ae",)
    assert set(found.by_task["4D"].fits) == {"one", "two"}
    assert found.by_task["4D"].reasons[0] == "The autoencoder of task 4A has no decoder of its own."
    assert found.unused == ("three",)
    assert len(match(ASSIGNMENT.rules(), [*others, own], models=models).by_task["4D"].fits) == 1


def test_without_any_decoder_nothing_answers_task_4d():
    classifier = another(mlp(), "mlp")
    for networks in ([autoencoder(), classifier], [classifier]):
        assert "4D" not in match(ASSIGNMENT.rules(), networks, models=[decoder(classifier)]).by_task


def test_as_many_convolutional_networks_are_trained_as_the_profile_allows():
    networks = convolutional(0.98, 0.99, 0.97, 0.96)
    assert match([CNN], networks).by_task["3A"].fits == ("cnn-3",)
    assert match([CNN], networks, candidates=3).by_task["3A"].fits == ("cnn-3", "cnn-2", "cnn-1")
    noisy = cnn(id="noisy", data=data(x=images(noise=SALT)))
    found = match([CNN], [noisy, *networks], candidates=4)
    assert (found.unused, "noisy" in found.by_task["3A"].fits) == (("noisy",), False)


def test_after_training_the_most_accurate_counts_and_all_are_listed():
    networks = convolutional(0.98, 0.992, 0.97)
    found = match([CNN], networks, candidates=3).by_task["3A"]
    best = best_first(CNN, found, [*reversed(networks)])
    assert best.fits == ("cnn-1", "cnn-0", "cnn-2")
    place = "in assignment.ipynb, cell 4, line 3"
    assert best.reasons[-1] == (
        f"Of several networks the most accurate counts, as trained here: the one {place} reaches 99.20%; "
        f"the one {place} reaches 98.00%; the one {place} reaches 97.00%."
    )


def test_what_was_not_trained_comes_last_and_one_alone_needs_no_reason():
    trained, failed = cnn(0.9, id="a"), network(cnn(id="b").record, model_facts(CNN_FACTS), ())
    found = match([CNN], [trained, failed], candidates=2).by_task["3A"]
    best = best_first(CNN, found, [failed, trained])
    assert best.fits == ("a", "b")
    assert best.reasons[-1].endswith("was not trained.")
    alone = match([CNN], [trained]).by_task["3A"]
    assert best_first(CNN, alone, [trained]) == alone
    nothing = best_first(CNN, found, [failed, failed])
    assert nothing == found


@pytest.mark.parametrize(
    ("others", "sure"),
    [([], True), ([{"epochs": 2, "batch_size": 7}], True), ([{"batch_size": 7}], False), ([{}], False)],
)
def test_a_small_lead_is_not_sure_and_the_next_is_named(others, sure):
    networks = [mlp(id=f"other-{n}", **changes) for n, changes in enumerate(others)] + [mlp(id="last")]
    found = match([RULE], networks).by_task["2C"]
    assert (found.fits, found.sure) == (("last",), sure)
    assert len(found.reasons) == 1 + (not sure)
    if others == [{}]:
        assert found.reasons[1].endswith("for which as much speaks: the later one is taken.")


# --- failed fits


def failed(**changes):
    return mlp(error="ValueError: no", **changes)


def test_a_fit_that_worked_wins_over_one_that_failed():
    assert chosen(mlp(id="worked", batch_size=7), failed(id="failed")) == ("worked",)


def test_a_fit_that_failed_wins_over_one_that_is_something_else():
    assert chosen(mlp(id="else", shuffle=False, epochs=2, batch_size=7), failed(id="failed")) == ("failed",)


def test_of_several_that_are_trained_none_failed():
    failed = replace(cnn(), record=cnn().record.model_copy(update={"id": "fit-failed", "error": "ValueError: no"}))
    networks = [cnn(), failed]
    assert match(ASSIGNMENT.rules(), networks, candidates=3).by_task["3A"].fits == ("fit-cnn",)


def test_of_equal_convolutional_networks_the_longest_trained_are_tried():
    networks = []
    for number, epochs in enumerate((4, 12, 6)):
        network = cnn(epochs=epochs)
        record = network.record.model_copy(update={"id": f"fit-{number}", "epochs": epochs})
        evidence = network.evidence.model_copy(update={"fit": record.id, "epochs": epochs})
        networks.append(replace(network, record=record, evidence=evidence))
    assert match(ASSIGNMENT.rules(), networks, candidates=2).by_task["3A"].fits == ("fit-1", "fit-2")


def test_alone_it_is_matched_and_not_sure():
    found = match([RULE], [failed()]).by_task["2C"]
    assert not found.sure
    assert found.reasons[1] == "It fails: ValueError: no"


# --- sweeps

SWEEP = next(rule for rule in ASSIGNMENT.rules() if rule.task == "2D")


def at(cell, networks, prefix=""):
    place = WHERE.model_copy(update={"cell": cell})
    return tuple(
        network(one.record.model_copy(update={"where": place, "id": prefix + one.record.id}), one.facts)
        for one in networks
    )


def swept(*networks):
    return match([SWEEP], networks).by_task["2D"]


def test_the_most_complete_sweep_answers_wherever_it_stands():
    trial, whole = at(5, sweep(FACTORS[:2], 1, epochs=2), "trial-"), at(8, sweep(), "whole-")
    for networks in ((*trial, *whole), (*whole, *trial)):
        found = swept(*networks)
        assert {fit.partition("-")[0] for fit in found.fits} == {"whole"}
        assert (len(found.fits), found.sure) == (15, True)
        assert found.reasons[1] == (
            "They are the most complete (5 factors, up to 3 networks each); the next are 2 fits in "
            "assignment.ipynb, cell 5, line 3 (2 factors, up to 1 network each)."
        )


def test_a_cell_a_factor_is_one_sweep():
    cells = [one for cell, factor in enumerate(FACTORS, 5) for one in at(cell, sweep((factor,), 3), f"{cell}-")]
    assert len(swept(*cells).fits) == 15


def test_two_sweeps_in_one_loop_are_told_by_their_layers():
    both = (*at(5, sweep(facts={"units": (1000, 1000)}), "wide-"), *at(5, sweep(), "asked-"))
    assert {fit.partition("-")[0] for fit in swept(*both).fits} == {"asked"}


def test_of_equal_sweeps_the_later_one_answers_and_it_is_not_sure():
    found = swept(*at(5, sweep(), "first-"), *at(8, sweep(), "second-"))
    assert {fit.partition("-")[0] for fit in found.fits} == {"second"}
    assert not found.sure


def test_layers_that_a_loop_stacks_are_one_sweep():
    stacks, before = [], ()
    for number, factor in enumerate(FACTORS, 1):
        stacks += sweep((factor,), 1, {"units": (300, 500) * number}, id=f"pass-{number}", previous=before)
        before = (*before, f"pass-{number}")
    assert len(swept(*stacks).fits) == 5


def test_calls_of_one_training_are_one_network_of_a_sweep():
    (whole,) = sweep((1e-4,), 1, id="c")
    merged = network(whole.record, whole.facts, epochs=40, merged=(("a", 20), ("c", 20)))
    begun = network(whole.record.model_copy(update={"id": "a"}), whole.facts)
    found = match([SWEEP], [begun, merged])
    assert (found.by_task["2D"].fits, found.unused) == (("c",), ())
    assert merged.epochs == 40


def test_the_calls_that_it_goes_on_from_are_no_rivals():
    parts = tuple((f"fit-{number}", 1) for number in range(1, 11))
    begun = network(mlp(id="fit-9", epochs=1).record, epochs=9, merged=parts[:9])
    whole = network(mlp(id="fit-10", epochs=1).record, epochs=10, merged=parts)
    found = match(ASSIGNMENT.rules(), [begun, whole]).by_task["2C"]
    assert (found.fits, found.sure, len(found.reasons)) == (("fit-10",), True, 1)


# --- as the course sets it


def placed(name, cell, line=1, file="assignment.ipynb", **changes):
    return mlp(id=name, where=Where(file=file, cell=cell, line=line), **changes)


TWO = (placed("fit-1", 3), placed("fit-2", 14, 2, "sub/part2.ipynb", epochs=0))


@pytest.mark.parametrize(
    "name",
    ["fit-2", "cell 14", "Cell 14", "cell 14, line 2", "part2.ipynb", "part2.ipynb, cell 14", "sub/part2.ipynb"],
)
def test_a_fit_is_named_by_its_id_or_its_place(name):
    found = match([RULE], TWO, {"2C": (name,)}).by_task["2C"]
    assert (found.fits, found.sure) == (("fit-2",), True)  # although no rule would take it
    assert found.reasons == ("As set by the course: fit-2 in sub/part2.ipynb, cell 14, line 2.",)


def test_several_and_none():
    assert match([RULE], TWO, {"2C": ("cell 14", "fit-1")}).by_task["2C"].fits == ("fit-1", "fit-2")
    none = match([RULE], TWO, {"2C": ()})
    assert (none.by_task["2C"].fits, none.unused) == ((), ("fit-1", "fit-2"))
    assert none.by_task["2C"].reasons == ("As set by the course: no fit answers this task.",)


@pytest.mark.parametrize("name", ["fit-3", "cell 4", "cell", "", ",", "cell 14, line 9", "cell 99999999999999"])
def test_a_fit_that_is_not_there_is_an_error_that_lists_those_that_are(name):
    with pytest.raises(
        UnknownFit, match=r"there is no fit '.*'; there are: fit-1 in assignment.ipynb, cell 3, line"
    ):
        match([RULE], TWO, {"2C": (name,)})


def test_a_task_that_is_not_there():
    with pytest.raises(UnknownFit, match="no fits are looked for in task '9Z'; they are for 2C"):
        match([RULE], TWO, {"9Z": ("fit-1",)})


@given(st.text(max_size=30))
def test_any_name_stands_for_fits_or_is_an_error(name):
    try:
        assert resolve((name,), TWO)
    except UnknownFit as error:
        assert "there are: fit-1" in str(error)


# --- loops of their own


def test_a_loop_of_their_own_explains_a_task_that_no_fit_answers():
    own = SelfTrained(id="own-1", how="train_step", where=WHERE, facts=model_facts(CNN_FACTS))
    found = match(ASSIGNMENT.rules(), [mlp()], own=[own]).by_task
    assert (found["3A"].fits, found["3A"].self_trained, found["3A"].sure) == ((), ("own-1",), False)
    assert "your own loop trained may: assignment.ipynb, cell 4, line 3" in found["3A"].reasons[0]
    assert found["2C"].self_trained == ()
    assert match(ASSIGNMENT.rules(), [mlp(), cnn()], own=[own]).by_task["3A"].self_trained == ()
