"""Where tests find data that is not in the repository.

Corpora: docs/how-to/corpora.md. Measured tables: docs/explanation/validation.md.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def outside(name: str) -> Path:
    """The folder ``name`` of outside data; the test that asks is skipped where there is none.

    Looked for under $NNASIM_DATA, under `data` in the checkout, and in a folder beside it that several checkouts share.
    """
    beside = ROOT.parent / "shared"
    roots = [Path(os.environ.get("NNASIM_DATA", ROOT / "data")), beside / "data", beside]
    for folder in (root / name for root in roots):
        if folder.is_dir():
            return folder
    pytest.skip(f"no folder {name} of outside data on this machine")
