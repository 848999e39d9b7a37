"""Which trainer a recipe gets, which recipes share a program, and what is told of the device."""

import subprocess

import pytest
from evidence import MLP_LAYERS, conv2d, dense, digits, fit, flatten, image_input, sgd

from harness.recording import Component
from harness.training import device
from harness.training.choose import GPU_WIDTH, backend, choose, groups, same_program
from harness.training.device import DeviceUnavailable, find
from harness.training.from_recording import from_fit

DIGITS = digits()


def recipe(*layers, seed=0, **changes):
    record = fit(*(layers or MLP_LAYERS), **changes)
    return from_fit(record, {}, DIGITS).with_seed(seed).recipe


def weight_decay(factor, kind="L2", **changes):
    penalty = {"class_name": kind, "config": {kind.lower(): factor}}
    return recipe(
        image_input(), flatten(), dense(30, "relu", kernel_regularizer=penalty), dense(10, "softmax"), **changes
    )


MLP = recipe()
CNN = recipe(image_input(), conv2d(2, 5), flatten(), dense(10, "softmax"))


# --- the trainer


def test_dense_networks_are_compiled_wherever():
    assert choose(MLP, "cpu").trainer == choose(MLP, "gpu").trainer == "jax_scan"
    assert choose(MLP, "cpu").why == "A compiled program of all steps is the fastest on a processor."


def test_convolutions_are_compiled_on_a_gpu_alone():
    on_cpu, on_gpu = choose(CNN, "cpu"), choose(CNN, "gpu")
    assert (on_cpu.trainer, on_cpu.backend) == ("keras_fit", "tensorflow")
    assert "convolutions" in on_cpu.why
    assert (on_gpu.trainer, on_gpu.backend, on_gpu.width) == ("jax_scan", "jax", 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"callbacks": (("EarlyStopping", {}),)}, "The callback EarlyStopping steers the training"),
        ({"augmentation": {"rotation_range": 10.0}}, "Images are changed at random"),
        ({"optimizer": ("Adam", {"use_ema": True})}, "The optimizer averages its weights"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_what_the_compiled_trainer_cannot_express_goes_to_fit_on_the_processor(changes, said, kind):
    choice = choose(MLP.model_copy(update=changes), kind)
    assert (choice.trainer, choice.kind, choice.width) == ("keras_fit", "cpu", 1)
    assert choice.why.startswith(said)
    assert choice.why.endswith(".")


def test_the_key_tells_trainers_devices_and_widths_apart():
    choices = [choose(MLP, "cpu"), choose(MLP, "gpu"), choose(CNN, "cpu"), choose(CNN, "gpu")]
    assert len({choice.key for choice in choices}) == 4


def test_networks_are_put_to_use_where_they_are_quick():
    assert backend([MLP.model], "cpu") == "jax"
    assert backend([MLP.model, CNN.model], "cpu") == "tensorflow"
    assert backend([MLP.model, CNN.model], "gpu") == "jax"


# --- sharing a program


@pytest.mark.parametrize(
    "other",
    [
        weight_decay(1e-3),
        weight_decay(1e-4, seed=3),
        weight_decay(1e-4, epochs=3),
        weight_decay(1e-4, optimizer=sgd(0.3)),
        weight_decay(0.01),  # Keras's default, which a recipe leaves out
    ],
)
def test_seeds_epochs_factors_and_rates_are_arguments(other):
    assert same_program(other) == same_program(weight_decay(1e-4))


@pytest.mark.parametrize(
    "other",
    [
        weight_decay(1e-4, kind="L1"),
        weight_decay(1e-4, batch_size=64),
        weight_decay(1e-4, optimizer=Component(class_name="adam")),
        weight_decay(1e-4, loss=Component(class_name="mse")),
        weight_decay(1e-4, shuffle=False),
        recipe(image_input(), flatten(), dense(30, "relu"), dense(10, "softmax")),
    ],
)
def test_anything_else_is_another_program(other):
    assert same_program(other) != same_program(weight_decay(1e-4))


def test_on_a_processor_each_recipe_is_trained_alone():
    recipes = [MLP.with_seed(seed) for seed in range(3)]
    assert groups(recipes, "cpu") == [[0], [1], [2]]


def test_on_a_gpu_those_of_one_kind_are_trained_at_once_up_to_the_width():
    recipes = [MLP, CNN, *(weight_decay(10.0**-n) for n in range(2, 5)), MLP.with_seed(1), CNN.with_seed(1)]
    assert groups(recipes, "gpu") == [[0, 5], [1], [2, 3, 4], [6]]
    assert [len(group) for group in groups([MLP] * (GPU_WIDTH + 1), "gpu")] == [GPU_WIDTH, 1]


def test_runs_of_other_lengths_are_not_grouped():
    assert groups([weight_decay(1e-3), weight_decay(1e-3, epochs=3)], "gpu") == [[0], [1]]


# --- the device


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU and a JAX that has CUDA."""
    listed = subprocess.CompletedProcess([], 0, "NVIDIA H200, 570.1\nNVIDIA H200, 570.1\n")
    monkeypatch.setattr(device.shutil, "which", lambda _name: "nvidia-smi")
    monkeypatch.setattr(device.subprocess, "run", lambda *_args, **_named: listed)
    monkeypatch.setattr(device.importlib.util, "find_spec", lambda name: name == "jax_cuda12_plugin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_a_gpu_that_can_be_used_is_used(gpu):
    for asked in ("auto", "gpu"):
        facts = find(asked)
        assert (facts.kind, facts.name, facts.driver, facts.why_not_more) == ("gpu", "NVIDIA H200", "570.1", "")


def test_the_processor_is_used_where_it_is_asked_for(gpu):
    assert (find("cpu").kind, find("cpu").why_not_more) == ("cpu", "The processor was asked for.")


def test_a_gpu_without_cuda_in_jax(gpu, monkeypatch):
    monkeypatch.setattr(device.importlib.util, "find_spec", lambda _name: None)
    assert "JAX is installed without CUDA: pip install 'nn-grading-harness[gpu]'" in find("auto").why_not_more
    with pytest.raises(DeviceUnavailable, match="A GPU was asked for and cannot be used: There is a GPU, and JAX"):
        find("gpu")


def test_a_hidden_gpu(gpu, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find("auto").why_not_more == "CUDA_VISIBLE_DEVICES hides the GPU."


def test_no_gpu(monkeypatch):
    monkeypatch.setattr(device.shutil, "which", lambda _name: None)
    assert find("auto").kind == "cpu"
    assert find("auto").name
    with pytest.raises(DeviceUnavailable, match="Without --device gpu the processor is used"):
        find("gpu")


def test_a_driver_that_does_not_answer_is_no_gpu(gpu, monkeypatch):
    def fail(*_args, **_named):
        raise subprocess.TimeoutExpired("nvidia-smi", 20)

    monkeypatch.setattr(device.subprocess, "run", fail)
    assert find("auto").kind == "cpu"
