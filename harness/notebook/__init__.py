"""A student's minute: `harness.check()` in the notebook that is to be handed in.

What runs in the student's own kernel needs nothing but Python: finding the notebook (`own`), starting a process
that checks it (`running`), showing what it says (`showing`). That process is `child`; it alone imports the rest of
the harness, so the kernel's variables, packages and GPU stay as they are.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from harness.notebook import own, running
from harness.notebook.checked import Checked
from harness.notebook.showing import shown

__all__ = ["Checked", "check"]


def check(
    *tasks: str,
    path: str | os.PathLike[str] | None = None,
    train: bool = False,
    data: str = "auto",
    assignment: str = "",
    device: str = "cpu",
) -> Checked:
    """Check the notebook that this is called in: what is wrong with its structure, and what was seen in it.

    `tasks`, as "2D": only these are told of. `path`: another notebook, or the folder that is handed in; by default
    the notebook is found. `train`: train its networks too, of `tasks` those that these need, which takes longer;
    the stop button ends it. `data`, `assignment` and `device` are as for `harness check`; the device is the
    processor here by default, as the notebook itself may hold the GPU.

    What is wrong with the notebook, or with what was asked, is said in the answer and never raised. The scorecard
    goes to the folder `graded` beside the notebook. Raises KeyboardInterrupt where it is stopped.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
        kernel = own.Kernel.here()
        try:
            found = own.find(kernel, folder) if path is None else own.given(Path(path))
        except own.NotFound as reason:
            return Checked.unanswered(str(reason))
        job = running.Job(
            path=found.path, beside=found.beside, seen=found.seen(kernel.running), tasks=tasks, train=train,
            data=data, assignment=assignment, device=device,
        )  # fmt: skip
        return running.run(job, stack.enter_context(shown()))
