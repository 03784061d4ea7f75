"""Draw the gallery again: every figure by its own commands, in a folder of its own that is gone afterwards."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from nnasim import files
from reports.gallery.recipes import HERE, RECIPES, Recipe

INPUTS = Path(__file__).parent
ROOT = INPUTS.parents[1]


def main() -> None:
    """Draw what was asked for, each figure as FOLDER/NAME.svg."""
    parser = argparse.ArgumentParser(prog="python -m reports.gallery", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the figures are written; those of the same name are replaced")
    parser.add_argument("names", nargs="*", choices=[*RECIPES, []], help="which; default: all")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        for name, figure in drawn(asked.names or RECIPES, Path(work)):
            files.write_bytes(asked.folder / f"{name}.svg", figure, force=True)
            print(f"{asked.folder / name}.svg: {len(figure) / 1000:.0f} kB", flush=True)


def drawn(names: Iterable[str], work: Path) -> Iterator[tuple[str, bytes]]:
    """(name, SVG) of each figure; a command that several share runs once in the folder ``work``.

    Raises subprocess.CalledProcessError if a command fails, whose own line stands on stderr.
    """
    done: set[str] = set()
    for name in names:
        recipe: Recipe = RECIPES[name]
        for command in recipe.commands:
            if command not in done:
                _run(command, work)
                done.add(command)
        yield name, (work / recipe.source).read_bytes()


def _run(command: str, work: Path) -> None:
    """``command`` as a user types it in a clone, with this interpreter and this tree."""
    program, *arguments = shlex.split(command)
    words = [str(INPUTS / word.removeprefix(HERE)) if word.startswith(HERE) else word for word in arguments]
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run(
        [sys.executable, "-m", program, *words], cwd=work, env=environment, stdout=subprocess.DEVNULL, check=True
    )


if __name__ == "__main__":
    main()
