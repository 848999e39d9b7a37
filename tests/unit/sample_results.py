"""Results as a grading run makes them, for the tests of every view. Figures are those of ASSIGNMENTS.md."""

from __future__ import annotations

from typing import Any

from unit.sample_parts import (
    DIGITS,
    MANUAL,
    MNIST,
    NOON,
    SHA,
    TITLES,
    accepted,
    accuracy,
    asked,
    check,
    decayed,
    deep,
    drawn,
    marked,
    mlp,
    png,
    task,
    where,
)

from harness.recording import Finding
from harness.results import (
    AssignmentFacts,
    Cause,
    Claim,
    ErrorNote,
    IntegrityNote,
    Measurement,
    OtherNetwork,
    Outcome,
    Override,
    OwnLoop,
    OwnWork,
    Result,
    SavedFile,
    SubmissionFacts,
    SubmittedFile,
)


def typical(name: str = "group-17", **more: Any) -> Result:
    """A hand-in as most are: good in parts, with mistakes, some tasks missing."""
    passed, failed, partial = Outcome.PASSED, Outcome.FAILED, Outcome.PARTIAL
    tasks = (
        task(
            "1",
            passed,
            0.5,
            0.5,
            check(
                "1",
                passed,
                0.5,
                0.5,
                title="Images are float32 in [0, 1] with shape (n, 28, 28, 1), labels one-hot.",
                message="All of it holds, for training and evaluation images alike.",
            ),
        ),
        task(
            "2A",
            passed,
            0.75,
            0.75,
            check(
                "2A",
                passed,
                0.5,
                0.5,
                id="layers",
                title="The network is Flatten, Dense 64 relu, Dense 64 relu, Dense 10 softmax.",
            ),
            check(
                "2A",
                passed,
                0.25,
                0.25,
                id="parameters",
                title="It has 55,050 parameters.",
                measurements=(Measurement(name="parameters", value=55_050),),
                thresholds=(asked(55_050),),
            ),
        ),
        task(
            "2B",
            passed,
            0.5,
            0.5,
            check(
                "2B",
                passed,
                0.5,
                0.5,
                title="The compiled loss is categorical cross-entropy.",
                message="Equal to −Σ y·log p on a batch of probabilities.",
                measurements=(Measurement(name="largest relative difference", value=2.4e-7, n=256),),
            ),
        ),
        task(
            "2C",
            passed,
            1,
            1,
            check("2C", passed, 0.25, 0.25, id="recipe", title="Trained for 10 epochs, batch 128, SGD 0.1."),
            check(
                "2C",
                passed,
                0.75,
                0.75,
                id="accuracy",
                title="Validation accuracy reaches 97 %.",
                message="Between the bound and 97 %: a correct network ends here in one run of six, so it passes.",
                measurements=(accuracy(0.9694, 0.9678, 0.9711, 3),),
                thresholds=(asked(0.97), accepted(0.9661)),
                where=where(7, 12),
            ),
            matched=(
                "Fit 1 (cell 7) is the only network of 64-64-10.",
                "It was trained for 10 epochs, as 2C asks.",
            ),
        ),
        task(
            "2D",
            partial,
            0.25,
            0.75,
            check(
                "2D", passed, 0.25, 0.25, id="network", title="Hidden layers of 500 and 300; 545,810 parameters."
            ),
            check(
                "2D",
                failed,
                0,
                0.25,
                id="epochs",
                title="Each network is trained for 40 epochs.",
                message="These networks were trained for 2 epochs.",
                where=where(11, 14),
                measurements=(Measurement(name="epochs", value=2),),
                thresholds=(asked(40),),
                hint="Set epochs=40 in the call of fit; with 2 epochs weight decay has nothing to show.",
            ),
            check(
                "2D",
                Outcome.NOT_ATTEMPTED,
                0,
                0.25,
                id="replicates",
                title="Three fresh networks are trained for each factor.",
                message="Not looked at: it depends on “Each network is trained for 40 epochs”.",
            ),
        ),
        task(
            "3A",
            partial,
            0.82,
            1,
            check(
                "3A",
                partial,
                0.82,
                1,
                id="accuracy",
                title="Validation accuracy reaches 99 %.",
                message="Close to what was asked. A person reads your account of the attempts and gives the rest.",
                hint="Try a second convolution before the pooling, or more epochs: accuracy is still rising.",
                measurements=(accuracy(0.9883, 0.9862, 0.9904, 1),),
                thresholds=(asked(0.99), accepted(0.9887)),
                where=where(15, 4),
            ),
        ),
        task("3B", Outcome.MANUAL, None, 0),
        *(
            task(
                name_,
                Outcome.NOT_ATTEMPTED,
                0,
                most,
                check(name_, Outcome.NOT_ATTEMPTED, 0, most, message="No autoencoder was found in the hand-in."),
            )
            for name_, most in (("4A", 1), ("4B", 1), ("4C", 0.75), ("4D", 0.25))
        ),
    )
    facts: dict[str, Any] = {
        "submission": SubmissionFacts(
            name=name,
            sha256=SHA,
            files=(
                SubmittedFile(name="assignment7.ipynb", bytes=48_213, sha256=SHA),
                SubmittedFile(name="report.pdf", bytes=1_204_551, sha256=SHA[::-1]),
            ),
        ),
        "assignment": AssignmentFacts(id="dat405_a7", title="DAT405 assignment 7: neural networks", version="1"),
        "profile": "full",
        "dataset": MNIST,
        "tasks": tasks,
        "models": (mlp(), *(decayed(f, i) for i, f in enumerate(("1e-6", "1e-5", "1e-4", "1e-3"), 2)), deep()),
        "claims": (
            Claim(
                name="2C validation accuracy",
                claimed=0.9725,
                measured=0.9694,
                where=where(8),
                text="Test accuracy: 0.9725",
            ),
            Claim(name="3A validation accuracy", claimed=0.9908, measured=0.9883, where=where(16)),
            Claim(name="2D best validation accuracy", claimed=0.9826, where=where(13)),
        ),
        "findings": (
            Finding(
                code="two-epochs",
                task="2D",
                where=where(11, 14),
                message="The results in the text below speak of 40 epochs, the code says 2.",
            ),
            Finding(
                code="keras-2-name",
                message="SGD(lr=0.1) is Keras 2; today it is learning_rate=0.1. It was understood.",
                where=where(7, 9),
            ),
        ),
        "integrity": (
            IntegrityNote(
                code="pasted-results",
                where=where(13, 1),
                message="The accuracies plotted for 2D are typed in; no run of this notebook made them.",
            ),
        ),
        "errors": (
            ErrorNote(
                where=where(18, 3),
                type="NameError",
                message="name 'autoencoder' is not defined",
                source="decoded = autoencoder.predict(noisy)",
            ),
        ),
        "isolation": "bubblewrap",
        "isolated": True,
        "provenance": {
            "harness": "0.1.0",
            "python": "3.11.7",
            "packages": {"tensorflow": "2.20.0", "keras": "3.12.0"},
            "device": "cpu",
            "arguments": {"profile": "full", "data": "auto"},
            "seeds": [0, 1, 2],
            "dirty": False,
        },
        "timing": {"intake": 0.08, "record": 6.4, "train": 75.2, "check": 0.6, "render": 0.5},
    }
    return Result(**(facts | more))


def complete(name: str = "group-02", **more: Any) -> Result:
    """Everything right and everything marked; a check of 4B was overruled."""
    passed = Outcome.PASSED
    tasks = []
    for each in TITLES:
        manual = marked(MANUAL[each][0], "Well explained.\nSee page 2, too.") if each in MANUAL else None
        most = {"1": 0.5, "2A": 0.75, "2B": 0.5, "2D": 0.75, "3B": 0.0, "4C": 0.75, "4D": 0.25}.get(each, 1.0)
        checks = [check(each, passed, most, most)] if most else []
        if each == "4B":
            said = {"override": Override(points=most, reason="It is on page 5.", by="Grace", at=NOON)}
            checks = [check(each, Outcome.FAILED, 0, most, message="No figure was found.", **said)]
        tasks.append(task(each, passed, most if most else 0.0, most, *checks, manual=manual))
    return typical(
        name, **({"tasks": tuple(tasks), "models": (mlp(),), "errors": (), "findings": (), "integrity": ()} | more)
    )


def broken(name: str = "group-40", **more: Any) -> Result:
    """Nothing could be recorded; one check lost its value by the harness's own fault."""
    theirs = {"cause": Cause.ERROR_IN_SUBMISSION, "message": "The notebook is not valid JSON."}
    tasks = [
        task(each, Outcome.NOT_MEASURED, 0, 0.5, check(each, Outcome.NOT_MEASURED, 0, 0.5, **theirs))
        for each in TITLES
        if each != "3B"
    ]
    tasks[3] = task(
        "2C",
        Outcome.NOT_MEASURED,
        None,
        1,
        check(
            "2C",
            Outcome.NOT_MEASURED,
            None,
            1,
            cause=Cause.HARNESS_FAULT,
            message="The trainer ended without an answer.",
        ),
    )
    facts = {
        "tasks": tuple(tasks),
        "models": (),
        "claims": (),
        "findings": (),
        "errors": (),
        "integrity": (),
        "problem": "assignment7.ipynb is not a notebook: its JSON ends in line 41.",
        "dataset": DIGITS,
        "isolated": False,
        "isolation": "Bubblewrap is not installed; the plain runner was used.",
        "profile": "quick",
    }
    return typical(name, **(facts | more))


def busy(name: str = "group-23", **more: Any) -> Result:
    """A hand-in that did much beside what was asked, in an order of its own."""
    made = typical(name)
    tasks = tuple(each.model_copy(update={"sure": each.id != "3A"}) for each in made.tasks)
    facts: dict[str, Any] = {
        "tasks": tasks,
        "models": (
            mlp(),
            deep().model_copy(update={"accuracy": 0.9883}),
            deep().model_copy(update={"fit": "fit-10", "accuracy": 0.9712, "counts": False}),
            deep().model_copy(
                update={"fit": "fit-11", "counts": False, "curves": (), "problem": "the layer Mine is not known"}
            ),
        ),
        "own": OwnWork(
            figures=(drawn(), drawn("2C", 9, width=60, png=png(1, 60, "RGB"), placeholder=True), drawn("", 1)),
            notes=("Networks that were not trained answered with placeholders; figures that use them say so.",),
        ),
        "others": (
            OtherNetwork(fit="fit-20", summary="Dense 32, Dense 10", params=25_450, epochs=3, where=where(9, 2)),
            OtherNetwork(fit="fit-21", summary="", reason="its data are not arrays"),
        ),
        "own_loops": (
            OwnLoop(
                summary="Dense 32, Dense 10", how="gradient_tape", params=25_450, accuracy=0.9412, images=10_000,
                stopped=True, where=where(21, 5),
            ),
            OwnLoop(summary="", how="train_step", problem="its weights did not cross"),
        ),
        "saved_models": (
            SavedFile(
                file="autoencoder.h5", what="HDF5, Keras 2.9.0",
                summary="Dense 128, Dense 96, Dense 128, Dense 784", params=226_416, error=0.0123, images=10_000,
                task="4A, 4D",
            ),
            SavedFile(file="decoder.h5", what="HDF5", params=113_552, note="a part of the model in autoencoder.h5"),
            SavedFile(
                file="mlp.keras", what="Keras 3.15.1", summary="Dense 64, Dense 64, Dense 10", params=55_050,
                accuracy=0.9694, images=10_000, task="2C", trained=0.9701,
            ),
            SavedFile(file="model.keras", what="", problem="is a web page (HTML), whatever its name says"),
        ),
        "order": "executed",
        "claims": (
            Claim(name="2C validation accuracy", claimed=0.9995, measured=0.9694, where=where(8),
                  text="Test accuracy: 0.9995", source="replay", contradicted=True),
        ),
    }  # fmt: skip
    return typical(name, **(facts | more))
