"""`python -m nnasim`: the same program as the installed command `nnasim`."""

from __future__ import annotations

import sys

from nnasim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
