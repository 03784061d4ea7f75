"""``nnasim.show``: results as a notebook's pictures and tables, or as a terminal's lines."""

from __future__ import annotations

import sys


def show(*things: object) -> None:
    """Show each of ``things``: with its picture in a notebook, as its text in a script.

    So the same file runs as either; ``examples`` are written so.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and shell.has_trait("kernel"):
        sys.modules["IPython"].display.display(*things)
    else:
        for thing in things:
            print(repr(thing))
