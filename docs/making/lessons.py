"""The lessons of ``examples/`` as notebooks: a Sphinx extension, and ``python -m docs.making.lessons FOLDER``.

The scripts are the only source. A cell begins with ``# %%``, one of text with ``# %% [markdown]``; text is comments.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"
_MARK = re.compile(r"^# %%( \[markdown\])?$", re.MULTILINE)


def lessons() -> list[Path]:
    """The scripts, in their order."""
    return sorted(EXAMPLES.glob("[0-9]*.py"))


def notebook(script: str) -> dict[str, Any]:
    """``script`` as a notebook of format 4.5, without outputs; the same script gives the same notebook."""
    cells = [{"id": f"cell-{place}", **cell} for place, cell in enumerate(_cells(script))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cells(script: str) -> Iterator[dict[str, Any]]:
    _, *parts = _MARK.split(script)
    for is_text, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip("\n").split("\n")
        if is_text:
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
            yield {"cell_type": "markdown", "metadata": {}, "source": text}
        else:
            yield {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {},
                "outputs": [],
                "source": "\n".join(lines),
            }


def write(folder: Path) -> list[Path]:
    """Paths of the notebooks in ``folder``, of which those that changed are written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for script in lessons():
        path, text = folder / f"{script.stem}.ipynb", json.dumps(notebook(script.read_text()), indent=1) + "\n"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        written.append(path)
    return written


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx find the lessons among the tutorials, before it looks for pages."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "tutorials"))
    quiet_kernels()
    return {"parallel_read_safe": True}


def quiet_kernels() -> None:
    """Run kernels so that they have nothing to warn of: what they say from here on is ours, and is shown.

    A kernel without keys warns that others on the machine may read what it sends. MyST-NB passes no options to the
    kernel's manager, so that the function that it calls is given them here.
    """
    from myst_nb.core.execute import direct
    from traitlets.config import Config

    keys = Config({"KernelManager": {"transport_encryption": "auto"}})
    direct.single_nb_execution = partial(direct.single_nb_execution, config=keys)
    # A package of the theme's (a11y_pygments) turns on the lines of level INFO of every library; warnings stay.
    logging.getLogger("traitlets").setLevel(logging.WARNING)


if __name__ == "__main__":
    print("\n".join(map(str, write(Path(sys.argv[1])))))
