"""`python -m reports.redraw FOLDER...`: draw a study's page, figures and tables again from its study.json.

For the bundled studies, after a change of what pages look like: nothing is computed, and study.json stays.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nnasim import files
from reports.blocks import Document
from reports.delays_document import delays_document
from reports.document import write_document
from reports.numerics_document import numerics_document

DOCUMENTS: dict[str, Callable[[Mapping[str, Any]], Document]] = {
    "nnasim.delay_study": delays_document,
    "nnasim.numerics_study": numerics_document,
}


def redraw(folder: Path) -> None:
    """Write everything in ``folder`` but study.json again. Raises FileError, KeyError for another kind of record."""
    record = files.read_json(folder / "study.json")
    with TemporaryDirectory() as drawn:
        write_document(Path(drawn), DOCUMENTS[record["kind"]](record))
        shutil.copytree(drawn, folder, dirs_exist_ok=True)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        redraw(Path(name))
        print(name)
