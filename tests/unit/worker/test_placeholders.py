"""Which cells rest on a network that was not trained: told by the names that carry its answers on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recording import Where
from harness.worker.placeholders import Placeholders, names_of


def marked(*cells, modules=("plt", "np")):
    """The numbers of the marked cells; a cell that begins with `!` was answered with a placeholder."""
    kept = Placeholders()
    for number, text in enumerate(cells, 1):
        if text.startswith("!"):
            kept.answered()
        kept.end_of_cell(Where(file="a.ipynb", cell=number), text.removeprefix("!"), modules)
    return [where.cell for where in kept.cells]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["h = m.fit(x)", "plt.plot(h.history)"], []),
        (["!h = m.fit(x)", "plt.plot(h.history)", "plt.plot(g.history)"], [1, 2]),
        (["!h = m.fit(x)", "a = h.history['loss'][-1]", "b = [a]", "print(b)", "print(c)"], [1, 2, 3, 4]),
        (["!scores.append(m.evaluate(x))", "plt.plot(scores)"], [1, 2]),
        (["!final[i, 2] = 3", "final.mean()"], [1, 2]),
        (["!self.a.b = 3", "self"], [1, 2]),
        (["!h = m.fit(x)", "h = n.fit(x)", "plt.plot(h)"], [1]),
        (["!h = m.fit(x)", "h = n.fit(x, h)", "plt.plot(h)"], [1, 2, 3]),
        (["!model = 1", "model = Sequential()\nmodel.add(3)\nmodel.fit(x)", "model"], [1]),
        (["!x_small = x_train.reshape(3)", "m.fit(x_train)"], [1]),
        (["!plt.plot(m.fit(x).history)", "plt.plot(y)"], [1]),
        (["!np.append(a, 3)", "np.mean(b)"], [1]),
        (["!h = 1", "def f():\n    return h", "f()"], [1, 2, 3]),
        (["!h = 1", "def f(h):\n    k = h\n    return k", "f(3)"], [1]),
        (["!h = 1", "f = lambda h: h", "f(1)"], [1]),
        (["!h = 1", "f = lambda k: h", "f(1)"], [1, 2, 3]),
        (["!h = 1", "[h for h in range(3)]"], [1, 2]),  # rather too often
        (["!h = 1", "class A:\n    b = h"], [1, 2]),
        (["!h = 1", "h += 1"], [1, 2]),
        (["!h = 1", "%matplotlib inline\n!pip install h\nplt.plot(h)"], [1, 2]),
        (["!h = 1", "this is no Python: h"], [1]),
        (["!for i in range(3):\n    h = m.fit(x)", "h"], [1, 2]),
        (["!with a as b:\n    import k as h", "h"], [1, 2]),
    ],
)
def test_cells_that_rest_on_placeholders(cells, numbers):
    assert marked(*cells) == numbers


def test_the_next_file_has_names_of_its_own():
    kept = Placeholders()
    kept.answered()
    kept.end_of_cell(Where(file="a.py"), "h = 1", ())
    kept.end_of_file()
    assert not kept.end_of_cell(Where(file="b.py"), "print(h)", ())
    assert kept.cells == [Where(file="a.py")]


@given(st.text(alphabet="abf =().,:[]\n\t'\"lambdadefinreturn", max_size=80))
def test_any_text_has_names_or_none(text):
    names = names_of(text)
    assert all(name.isidentifier() for name in names.read | names.set | names.touched)
