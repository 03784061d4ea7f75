"""`python -m reports.redraw FOLDER...`: draw a study's page, figures and tables again from its study.json.

For the bundled studies, after a change of what pages look like: nothing is computed, and study.json stays.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nnasim import files
from nnasim.errors import FileError
from reports.blocks import Document
from reports.delays_document import delays_document
from reports.document import write_document
from reports.numerics_document import numerics_document

DOCUMENTS: dict[str, Callable[[Mapping[str, Any]], Document]] = {
    "nnasim.delay_study": delays_document,
    "nnasim.numerics_study": numerics_document,
}


def redraw(folder: Path) -> None:
    """Write everything in ``folder`` but study.json again. Raises FileError, also for another kind of record."""
    record = files.read_json(folder / "study.json")
    if not isinstance(record, dict) or record.get("kind") not in DOCUMENTS:
        raise FileError(folder / "study.json", f"is no record of a study: its kind must be {' or '.join(DOCUMENTS)}")
    try:
        document = DOCUMENTS[record["kind"]](record)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"is not as this version writes it ({type(error).__name__}: {error})"
        raise FileError(folder / "study.json", why) from None
    with TemporaryDirectory() as drawn:
        write_document(Path(drawn), document)
        shutil.copytree(drawn, folder, dirs_exist_ok=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the studies in the folders that are given. A folder that holds none is one line, and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m reports.redraw", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args(argv).folders:
        try:
            redraw(folder)
        except FileError as error:
            parser.error(str(error))
        print(folder)


if __name__ == "__main__":
    main()
