"""The engine that assigns fits to tasks: by an assignment's rules, with reasons, the later fit on a tie."""

from evidence import cnn, mlp
from hypothesis import given
from hypothesis import strategies as st

from harness.assignment import load
from harness.matching import Rule, Sign, match

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
        "One more fit could have answered; the next is that in assignment.ipynb, cell 4, line 3. Only the one "
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
