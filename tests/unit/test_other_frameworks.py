"""Frameworks other than Keras, told from the source of a hand-in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.other_frameworks import frameworks
from harness.recording import Recording, SourceRecord, Where


def used(*texts):
    places = [Where(file="a.ipynb", cell=number) for number in range(1, 1 + len(texts))]
    sources = tuple(SourceRecord(where=place, text=text) for place, text in zip(places, texts, strict=True))
    return frameworks(Recording(sources=sources))


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (("import torch\nfrom torch import nn",), "PyTorch"),
        (("import torch", "class Net(torch.nn.Module): ..."), "PyTorch"),
        (("import torch", "opt = torch.optim.SGD(w, 0.1)"), "PyTorch"),
        (("import pytorch_lightning as pl\nimport torch.nn.functional as F\nloss.backward()",), "PyTorch"),
        (("from flax import linen as nn",), "JAX"),
        (("import jax\ngrads = jax.grad(loss)(w)",), "JAX"),
        (("from mxnet import gluon",), "MXNet"),
        (("import paddle\nnet = paddle.nn.Linear(784, 10)",), "PaddlePaddle"),
        (("from sklearn.neural_network import MLPClassifier\nnet = MLPClassifier((64, 64))",),
         "scikit-learn's MLPClassifier"),
        (("if True:\n    import torch.nn as nn\n  this cell is broken(",), "PyTorch"),
    ],
)  # fmt: skip
def test_a_framework_with_networks(texts, name):
    assert [one.name for one in used(*texts)] == [name]


@pytest.mark.parametrize(
    "texts",
    [
        ("import keras\nmodel = keras.Sequential()",),
        ("import torch\nprint(torch.__version__)",),
        ("import os\nos.environ['KERAS_BACKEND'] = 'torch'",),
        ("import jax\njax.devices()",),
        ("from sklearn.model_selection import train_test_split",),
        ("x = 'import torch.nn'",),
        ("# import torch\nfrom mynn import nn",),
        (),
    ],
)
def test_what_is_none(texts):
    assert used(*texts) == ()


def test_its_place_is_that_of_the_import():
    (one,) = used("import numpy", "x = 1\nimport torch", "torch.nn.Linear(1, 1)")
    assert (one.where.cell, one.where.line) == (2, 2)


@given(
    st.lists(st.text(max_size=200) | st.sampled_from(["import torch", "nn", "from jax import grad"]), max_size=4)
)
def test_any_source(texts):
    assert len(used(*texts)) <= 5
