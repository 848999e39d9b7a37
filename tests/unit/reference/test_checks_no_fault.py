"""Where a check of dat405_a7 finds no fault: other right ways pass, and what was not judged says whose it was."""

import pytest
from evidence import (
    CNN_FACTS,
    FACTORS,
    MANUAL,
    MLP_FACTS,
    PASSED,
    SALT,
    WHERE,
    autoencoder,
    cnn,
    complete,
    data,
    denoising,
    fit,
    generation,
    images,
    layer_facts,
    mlp,
    model_facts,
    network,
    noise,
    sweep,
    use,
)
from unit.reference.checks_sample import (
    ASSIGNMENT,
    BROKEN_AE,
    CLEAN,
    L2,
    LITTLE,
    NONE,
    NOTHING,
    UNTOLD,
    ae_fit,
    continued,
    failing,
    results,
    swept,
    why,
    with_dense,
    with_loss,
)

from harness.evidence import Network, SelfTrained
from harness.matching import match
from harness.plugin import run_checks
from harness.recording import CellError, FunctionRecord, SourceRecord
from harness.results import Cause, Outcome


def fresh_again():
    """One model a factor whose first weights are set again before each fit."""
    for one in continued()["sweep"]:
        yield network(one.record, one.facts, (0.98,), fresh=True)


def misplaced(text):
    """Five factors, three networks each, on something else than the kernels by L2: one mistake, not three."""
    made = []
    for place, factor in enumerate(FACTORS):
        facts = {"regularizers": ((text.format(factor),),) * 2}
        made += [one for n in range(3) for one in sweep((factor,), 1, facts, id=f"f{place}-{n}")]
    return {"sweep": tuple(made)}


# --- right hand-ins that look different


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("2A.layers", with_dense(64, 64, 10, activations=("relu", "relu", "linear"),
                                 more=(layer_facts("Softmax"),))),
        ("2A.layers", with_dense(64, 64, 10, activations=("linear", "linear", "softmax"),
                                 more=(layer_facts("ReLU"), layer_facts("Activation", None, "relu")))),
        ("2B.loss", with_loss("SparseCategoricalCrossentropy", 1e-6)),
        ("2C.accuracy", {"mlp": mlp(0.966)}),
        ("2C.accuracy", {"mlp": network(fit(), accuracies=(0.90,), identical=True)}),
        ("2C.curves", {"mlp": mlp(data=data(validation_x=None, validation_y=None, validation_split=0.1))}),
        ("2C.curves", {"mlp": mlp(metrics=("acc",))}),
        ("2D.factors", swept(factors=(1e-6, 1e-5, 1e-4, 5e-4, 0.0010000000474974513))),
        ("2D.weight-decay", swept(facts={"units": (64, 64, 500, 300), "regularizers": (NONE, NONE, L2, L2)})),
        ("2D.factors", misplaced("activity L2 {}")),
        ("2D.replicates", misplaced("kernel L1 {}")),
        ("2D.replicates", swept(replicates=5)),
        ("3A.convolution", {"cnn": cnn(facts=model_facts((layer_facts("SeparableConv2D", 3), *MLP_FACTS)))}),
        ("4A.noisy-to-clean",
         {"autoencoder": autoencoder(x=images(noise=SALT.model_copy(update={"level": 0.41}), **CLEAN))}),
        ("4C.gain", {"recorded": {"uses": (use(source=None, noise=None, mean=0.2), use(source=None, noise=None))}}),
        ("4A.reconstruction", {"denoising": denoising(error_denoised=(0.059,) * 6)}),
        ("4C.gain", {"recorded": {"kind": "contract"}}),
        ("4C.gain", {"denoising": LITTLE, "autoencoder": autoencoder(identical=True)}),
        ("4D.digits", {"generation": generation(class_entropy=0.3, images=5)}),
        ("4C.gain", {"denoising": LITTLE.model_copy(update={"denoised": (0.97, 0.95, 0.95, 0.7, 0.3, 0.1)})}),
        ("2C.epochs", {"mlp": network(fit(epochs=5), epochs=10)}),
        ("4A.training", {"autoencoder": Network(ae_fit(epochs=16)["autoencoder"].record,
                                                autoencoder(epochs=32).evidence)}),
        ("2C.accuracy", {"mlp": network(fit(), notes=("The optimizer starts afresh.",))}),
        ("2D.replicates", {"sweep": tuple(fresh_again())}),
        ("4B.share", {"noise": noise(masks=(1,) * 6, images=1)}),
        ("4B.share", {"noise": noise(masks=())}),
        ("4B.share", {"noise": noise(changed=(0.0, 0.21, 0.39, 0.6, 0.8, 1.0))}),
    ],
)  # fmt: skip
def test_other_right_ways_pass(name, changes):
    result = results(**changes)[name]
    assert result.outcome is PASSED, result.message


# --- what was not recorded, and what came by contract


def test_a_hand_in_without_code_was_not_attempted():
    made = results(problem="The code is missing.", cause=None)
    assert {one.outcome for one in made.values()} == {NOTHING}
    assert {one.points for one in made.values()} == {0}


@pytest.mark.parametrize("cause", list(Cause))
def test_a_hand_in_that_was_not_recorded_loses_points_only_by_its_own_fault(cause):
    made = results(problem="The code ran longer than 300 s.", cause=cause)
    assert {(one.outcome, one.cause) for one in made.values()} <= {(UNTOLD, cause)}
    assert {one.points for one in made.values()} == {
        None if cause in (Cause.HARNESS_FAULT, Cause.NOT_TRAINED) else 0
    }


def by_contract(functions=(), errors=()):
    """The complete hand-in as one that came by contract, with these functions and errors."""
    whole = complete(ASSIGNMENT)
    recording = whole.recording.model_copy(
        update={
            "kind": "contract",
            "functions": tuple(FunctionRecord(name=name) for name in functions),
            "errors": errors,
        }
    )
    made = run_checks(ASSIGNMENT, whole.model_copy(update={"recording": recording}))
    return {result.id: result for result in made}


def test_by_contract_preprocessing_is_judged_only_where_there_is_one():
    assert by_contract(["preprocess"])["1.images"].outcome is PASSED
    without = by_contract(["build_mlp"])
    assert {without[name].outcome for name in ("1.images", "1.labels")} == {Outcome.NOT_ATTEMPTED}
    assert without["2C.accuracy"].outcome is PASSED
    error = CellError(where=WHERE, type="TypeError", message="no tuple", source="preprocess()")
    broken = by_contract(["preprocess"], (error,))["1.images"]
    assert (broken.outcome, broken.cause) == (Outcome.NOT_MEASURED, Cause.ERROR_IN_SUBMISSION)
    assert "no tuple" in broken.message and broken.points == 0


# --- what a person marks


def sources(*texts):
    return tuple(
        SourceRecord(where=WHERE.model_copy(update={"cell": n}), text=text) for n, text in enumerate(texts, 1)
    )


def test_a_failing_fit_keeps_the_points_of_what_was_built():
    made = results(mlp=failing())
    assert made["2A.layers"].outcome is made["2A.parameters"].outcome is made["2B.loss"].outcome is PASSED
    assert made["2C.accuracy"].cause is Cause.ERROR_IN_SUBMISSION
    assert made["2C.accuracy"].where == WHERE


PYTORCH = sources("import torch\nfrom torch import nn\nclass Net(nn.Module): ...")


def test_another_framework_is_left_to_a_person_and_costs_nothing():
    nothing = {"mlp": None, "sweep": (), "cnn": None, "autoencoder": None, "noise": None, **BROKEN_AE}
    made = results(**nothing, recorded={"sources": PYTORCH})
    assert {one.outcome for one in made.values()} == {MANUAL}
    assert {one.points for one in made.values()} == {None}
    assert (
        "This hand-in uses PyTorch, which is not measured here; a person marks it." in made["3A.accuracy"].message
    )


def test_what_keras_answers_is_measured_beside_another_framework():
    made = results(cnn=None, recorded={"sources": PYTORCH, "uses": (use(),)})
    assert made["2C.accuracy"].outcome is PASSED
    assert made["3A.accuracy"].outcome is MANUAL


def test_a_network_of_a_loop_of_their_own_is_left_to_a_person():
    own = SelfTrained(id="own-1", how="gradient_tape", where=WHERE, facts=model_facts(CNN_FACTS), accuracy=0.987)
    found = match(ASSIGNMENT.rules(), [mlp()], own=[own])
    made = results(cnn=None, matches=found.by_task, self_trained=(own,))
    assert (made["3A.accuracy"].outcome, made["3A.convolution"].outcome) == (MANUAL, MANUAL)
    assert "its weights reach 98.70% of the test images. A person grants the points." in made["3A.accuracy"].message
    assert made["2C.accuracy"].outcome is PASSED


# --- what could not be measured


@pytest.mark.parametrize(
    ("cause", "told"),
    [(None, Cause.ERROR_IN_SUBMISSION), (Cause.REFUSED, Cause.REFUSED), (Cause.HARNESS_FAULT, Cause.HARNESS_FAULT)],
)
@pytest.mark.parametrize(
    ("name", "check"), [("denoising", "4A.reconstruction"), ("denoising", "4C.gain"), ("generation", "4D.decoder")]
)
def test_what_could_not_be_measured_is_whose_fault_it_was(name, check, cause, told):
    """A trainer of ours that failed costs no points."""
    result = results(**{name: None, "unmeasured": why(name, "it ended", cause)})[check]
    assert (result.outcome, result.cause) == (UNTOLD, told)
    assert "it ended" in result.message
