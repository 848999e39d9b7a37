"""I8: every case three times over, two at a time, as this user and as an ordinary one, with the same verdict.

At night; an hour on two cores. The verdicts are left in $HARNESS_ATTACKS_LOG, where that names a folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from attacks.listed import GROUPS, cases

REPOSITORY = Path(__file__).resolve().parents[2]
TIMES = 3
UID = 61234
"""Of a user that no system has."""
pytestmark = [pytest.mark.nightly, pytest.mark.skipif(sys.platform != "linux", reason="the wall needs Linux")]

PROBE = "import sys; from harness.sandbox import probe; said = probe(); print(said); sys.exit(bool(said))"
# Where Python lies in root's own folder, the ordinary user sees it in a copy of the machine's mounts.
OPENED = """
set -e
mount --bind "$2" /mnt
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir -p "$2"
mount --bind /mnt "$2"
shift 2
exec "$@"
"""


def as_user() -> list[str]:
    """The start of a command that runs as an ordinary user. Skips where this user cannot become one."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user, by setpriv")
    user = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
    opened = ["unshare", "--mount", "--propagation=private", "sh", "-c", OPENED, "sh", str(Path.home()), _python()]
    for start in (user, [*opened, *user]):
        tried = subprocess.run([*start, sys.executable, "-c", PROBE], capture_output=True, cwd=REPOSITORY)
        if tried.returncode == 0:
            return start
    said = (tried.stdout + tried.stderr).decode(errors="replace")[-300:]
    pytest.skip(f"an ordinary user cannot run Python and the sandbox here: {said}")


def _python() -> str:
    """The folder below root's own in which Python lies."""
    base, home = Path(sys.base_prefix), Path.home()
    return str(home / base.relative_to(home).parts[0]) if base.is_relative_to(home) else str(base)


def verdicts(start: list[str], group: str, folder: Path) -> list[dict]:
    """The verdicts of a group, graded by two processes at the same time: twice by one, once by the other."""
    folder.chmod(0o777)
    with ExitStack() as stack:
        running = []
        for times in (TIMES - 1, 1):
            home = folder / f"{times}"
            home.mkdir()
            home.chmod(0o777)
            command = [*start, sys.executable, "-m", "attacks.again", str(home / "out.json"), str(times), group]
            log = stack.enter_context((folder / f"{times}.log").open("wb"))
            running.append(
                subprocess.Popen(command, env=_environment(home), cwd=REPOSITORY, stdout=log, stderr=log)
            )
        for process in running:
            process.wait()
    made = []
    for times, process in zip((TIMES - 1, 1), running, strict=True):
        said = (folder / f"{times}.log").read_text(encoding="utf-8", errors="replace")
        assert process.returncode == 0, said[-3000:]
        made += json.loads((folder / f"{times}" / "out.json").read_text(encoding="utf-8"))[group]
    if os.environ.get("HARNESS_ATTACKS_LOG"):
        log_file = Path(os.environ["HARNESS_ATTACKS_LOG"]) / f"{group}-{'user' if start else 'this-user'}.json"
        log_file.write_text(json.dumps(made, indent=1), encoding="utf-8")
    return made


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_") or name == "PATH"}
    if os.environ.get("HARNESS_DATA"):
        kept["HARNESS_DATA"] = str(Path(os.environ["HARNESS_DATA"]).resolve())
    return kept | {
        "PYTHONPATH": f"{REPOSITORY / 'tests'}:{REPOSITORY}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "TMPDIR": str(home),
    }


@pytest.mark.parametrize("group", GROUPS)
def test_three_times_two_at_a_time_as_root_and_as_a_user(group, wall, tmp_path):
    mine = verdicts([], group, tmp_path)
    first = mine[0]
    assert first["group"] == []
    assert first.keys() - {"group"} <= cases(group).keys()
    for name in first.keys() - {"group"}:
        assert (first[name]["differences"], first[name]["broken"]) == ([], []), name
    assert mine == [first] * TIMES
    start = as_user()
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:  # pytest's own are closed to others
        theirs = verdicts(start, group, Path(folder))
    assert theirs == [theirs[0]] * TIMES
    for name in theirs[0].keys() & first.keys():
        assert theirs[0][name] == first[name], name
