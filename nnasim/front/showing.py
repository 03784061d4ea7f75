"""``nnasim.show``: results as pictures and tables in a notebook, or as lines in a terminal."""

from __future__ import annotations

import sys


def show(*things: object) -> None:
    """Show each of ``things``: as a picture in a notebook, as text in a script.

    So the same file can be run as either; the scripts in ``examples`` are.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and shell.has_trait("kernel"):
        sys.modules["IPython"].display.display(*things)
    else:
        for thing in things:
            print(repr(thing))
