"""`python -m nnasim`, and the installed command `nnasim`."""

from __future__ import annotations

import os
import sys


def run() -> int:
    """The exit code of the command. Ctrl-C while its modules are loaded is told as it is later."""
    try:
        from nnasim.cli.main import main
    except KeyboardInterrupt:
        os.write(2, b"nnasim: interrupted\n")
        return 130
    return main()


if __name__ == "__main__":
    sys.exit(run())
