"""The names of a cell: bound, imported and free, as Python itself would look them up."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.worker.names import Names, bound_by, names_of


@pytest.mark.parametrize(
    ("text", "bound", "imported", "free"),
    [
        ("x = y + 1", "x", "", "y"),
        ("import numpy as np\nfrom a.b import c\nimport os.path", "", "np c os", ""),
        ("def f(a):\n    return a + b + len(c)", "f", "", "b c len"),
        ("def f():\n    x = 1\n    return [x + z for z in y]", "f", "", "y"),
        ("for i in data: print(i)", "i", "", "data print"),
        ("x = x + 1", "x", "", ""),  # whatever its order, the cell sets it
        ("def f():\n    global g\n    g = 1\nprint(g)", "f g", "", "print"),
        ("class A(B):\n    c = d", "A", "", "B d"),
        ("(a, *b), c[0] = d", "a b", "", "c d"),
        ("with open(p) as f: pass", "f", "", "open p"),
        ("if (n := len(q)) > 1: pass", "n", "", "len q"),
        ("lambda x: x + y", "", "", "y"),
        ("%matplotlib inline\n!ls\nx = y", "x", "", "get_ipython y"),
        ("not python (", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_names_of_a_cell(text, bound, imported, free):
    assert names_of(text) == Names(frozenset(bound.split()), frozenset(imported.split()), frozenset(free.split()))


def test_a_script_has_no_magics():
    assert names_of("%matplotlib inline\nx = 1", plain=True) == Names()
    assert names_of("x = 1", plain=True).set == {"x"}


@given(st.text(max_size=200))
def test_any_text_has_names_or_none(text):
    names = names_of(text)
    assert not names.free & names.set


def test_what_a_statement_would_have_set():
    (statement,) = ast.parse(
        "for i in a:\n    x, (y, z) = 1, (2, 3)\n    import os.path as p, sys\n    def f(): q = 1"
    ).body
    assert bound_by(statement) == {"i", "x", "y", "z", "p", "sys", "f", "q"}
