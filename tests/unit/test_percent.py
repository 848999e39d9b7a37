"""Notebooks kept as Python files come out as Jupyter would save them."""

import json

from percent import notebook_of, write_hand_in

TEXT = """# %% [markdown]
# # Title
#
# Words, **bold**.
# %% [3]
%matplotlib inline

x = 1  # a comment
# a line of its own
#> printed
#> twice
# %%
y = 2
"""


def test_cells():
    markdown, counted, plain = json.loads(notebook_of(TEXT))["cells"]
    assert markdown["source"] == "# Title\n\nWords, **bold**."
    assert counted["source"] == "%matplotlib inline\n\nx = 1  # a comment\n# a line of its own"
    assert counted["execution_count"] == 3
    assert counted["outputs"][0]["text"] == "printed\ntwice\n"
    assert (plain["source"], plain["execution_count"], plain["outputs"]) == ("y = 2", None, [])


def test_files(tmp_path):
    source = tmp_path / "source"
    (source / "part").mkdir(parents=True)
    (source / "assignment.ipynb.py").write_text(TEXT, encoding="utf-8")
    (source / "part" / "noise.py").write_text("x = 1\n", encoding="utf-8")
    made = write_hand_in(source, tmp_path / "made")
    assert sorted(path.relative_to(made).as_posix() for path in made.rglob("*.*")) == [
        "assignment.ipynb",
        "part/noise.py",
    ]
    assert len(json.loads((made / "assignment.ipynb").read_text(encoding="utf-8"))["cells"]) == 3
