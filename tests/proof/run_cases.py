"""Every fixed attack to its end: `python -m tests.proof.run_cases FOLDER [--only TEXT]`.

FOLDER holds a folder for each attack, with its files and a `run.sh` that calls $NNASIM. Each runs in a copy. Printed is
how each of its commands ended, and the last line of what it said. Exit code 1 where a command ends with anything but 0,
1 or 2, such as 70 of the last net, prints a traceback, or has not ended after five minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LONGEST_S = 300
FAULTS = ("Traceback (most recent call last)", "a defect of nnasim", "Exception ignored in")
# `nnasim` as a case calls it; it writes its exit code where it can be counted.
COMMAND = """#!/bin/sh
PYTHONPATH={root} {python} -m nnasim "$@"
code=$?
echo $code >> {codes}
exit $code
"""


class Ending(NamedTuple):
    """How a case ended. ``codes``: of its commands, in their order."""

    codes: list[int]
    said: str
    in_time: bool

    @property
    def wrong(self) -> str:
        """The fault of this ending; empty if there is none."""
        if not self.in_time:
            return f"not ended after {LONGEST_S} s"
        if other := [code for code in self.codes if code not in (0, 1, 2)]:
            return f"exit code {other[0]}"
        return next((f"prints {fault!r}" for fault in FAULTS if fault in self.said), "")


def run(case: Path, folder: Path) -> Ending:
    """Run a copy of ``case`` in ``folder``."""
    here, command, codes = folder / case.name, folder / "bin" / "nnasim", folder / "codes"
    shutil.copytree(case, here)
    for path in (here, *here.rglob("*")):
        path.chmod(0o755)
    command.parent.mkdir(exist_ok=True)
    command.write_text(COMMAND.format(root=ROOT, python=sys.executable, codes=codes))
    command.chmod(0o755)
    python = command.with_name("python")  # of a case that starts the module
    python.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    codes.write_text("")
    (here / "workloads").symlink_to(ROOT / "workloads")
    if not (folder / "shared").is_symlink():
        (folder / "shared").symlink_to(case.parents[1])
    beside = {"NNASIM": str(command), "BUNDLED": str(ROOT / "workloads" / "bundled"), "TMPDIR": str(folder),
              "PATH": f"{command.parent}:{os.environ['PATH']}"}  # fmt: skip
    shell = "bash" if "bash" in (here / "run.sh").read_text().partition("\n")[0] else "sh"
    with tempfile.TemporaryFile() as said:
        try:
            subprocess.run(
                [shell, "run.sh", "."], cwd=here, env={**os.environ, **beside}, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, timeout=LONGEST_S, check=False,
            )  # fmt: skip
            in_time = True
        except subprocess.TimeoutExpired:
            in_time = False
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Ending([int(line) for line in codes.read_text().split()], text, in_time)


def main() -> int:
    """Run all cases and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.run_cases", description=__doc__.splitlines()[0])
    parser.add_argument("cases", type=Path)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    options = parser.parse_args()
    scripts = sorted(options.cases.resolve().glob("*/run.sh"))
    worst = 0
    for case in (script.parent for script in scripts if options.only in script.parent.name):
        with tempfile.TemporaryDirectory(prefix="nnasim-case-") as folder:
            ending = run(case, Path(folder))
        last = next((line for line in reversed(ending.said.splitlines()) if line.startswith("nnasim: ")), "")
        print(f"{case.name}: {ending.codes} {ending.wrong or 'clean'} | {last[:160]}", flush=True)
        worst |= bool(ending.wrong)
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
