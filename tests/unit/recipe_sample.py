"""The networks of tasks 2C and 3A, with the shapes of their outputs, and a recipe that trains the first."""

from evidence import CNN_FACTS, MLP_FACTS, MLP_LAYERS, chain, model_facts

from harness.models import canonical
from harness.recording import Graph
from harness.training.arrays_spec import ArraySpec
from harness.training.recipe import Recipe

SGD = ("SGD", {"learning_rate": 0.1})


def shaped(facts, shapes):
    """The facts of a model whose layers, one after the other, give these shapes for an image."""
    known = zip(facts, shapes, strict=True)
    return model_facts(tuple(one.model_copy(update={"output_shape": (None, *shape)}) for one, shape in known))


MLP_SHAPED = shaped(MLP_FACTS, ((784,), (64,), (64,), (10,)))
CNN_SHAPED = shaped(CNN_FACTS[:1] + CNN_FACTS[2:], ((24, 24, 16), (9216,), (10,)))


def recipe(**changes) -> Recipe:
    array = {"part": "train", "rows": "r", "count": 60_000}
    whole = {
        "model": canonical(Graph(**chain(*MLP_LAYERS))), "optimizer": SGD, "loss": ("CategoricalCrossentropy", {}),
        "epochs": 10, "batch_size": 128, "shuffle": True, "dataset": "mnist", "dataset_sha256": "0",
        "x": ArraySpec(**array, item_shape=(28, 28, 1), encoding="pixels"),
        "y": ArraySpec(**array, item_shape=(10,), encoding="one_hot"),
    }  # fmt: skip
    return Recipe(**{**whole, **changes})
