"""Libraries that are not there while Keras is imported, and are after it. No Keras is needed for that."""

import gc
import sys
import types

import pytest

from harness.keras_import import import_keras, left_out


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """`a_library` can be imported and `none_of_ours` cannot; none is imported yet."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("a_library", "none_of_ours"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "a_library.py").write_text("value = 1", encoding="utf-8")


def test_a_library_is_left_out_for_a_while(modules):
    with left_out("a_library", "none_of_ours"), pytest.raises(ModuleNotFoundError):
        import a_library
    import a_library

    assert a_library.value == 1
    assert "none_of_ours" not in sys.modules
    with left_out("a_library"):  # too late: it is there
        import a_library as again
    assert sys.modules["a_library"] is again is a_library


def test_it_comes_back_where_something_fails(modules):
    with pytest.raises(KeyError), left_out("a_library"):
        raise KeyError
    import a_library

    assert a_library.value == 1


@pytest.mark.parametrize(
    ("backend", "wrappers", "missing"),
    [("tensorflow", False, {"sklearn", "jax"}), ("tensorflow", True, {"jax"}), ("jax", False, {"sklearn"})],
)
def test_keras_is_imported_without_what_it_only_looks_for(monkeypatch, tmp_path, backend, wrappers, missing):
    (tmp_path / "keras.py").write_text(
        "import gc, sys\nseen = {name for name in ('sklearn', 'jax') if name in sys.modules}\n"
        "collecting = gc.isenabled()\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", backend)
    for name in ("keras", "sklearn", "jax"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import_keras(wrappers=wrappers)
    made = sys.modules.pop("keras")
    gc.unfreeze()
    assert isinstance(made, types.ModuleType)
    assert (made.seen, made.collecting, gc.isenabled()) == (missing, False, True)
    assert not {"sklearn", "jax"} & set(sys.modules)
