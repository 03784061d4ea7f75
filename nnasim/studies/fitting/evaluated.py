"""The evaluations of a fit, kept in a file, so that a fit that was killed can continue."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import nnasim
from nnasim import files, limits
from nnasim.errors import FileError, NnasimError, reason
from nnasim.hardware import NnaConfig
from nnasim.ir.io import record_digest
from nnasim.limits import LARGEST_FIGURE
from nnasim.studies.fitting.rows import Measurement, TraceRun

KIND = "nnasim.fit_evaluated"
SUFFIX = ".evaluated.jsonl"  # behind the name of what the fit writes
MOST_BYTES = limits.EVALUATIONS_BYTES
Values = Mapping[str, float | int]


class Evaluated:
    """Predictions by the fields' values and the row's line: one line of JSON for each chip that was tried.

    Without ``path`` nothing is kept. With ``resume`` the predictions in the file are used.
    """

    def __init__(self, path: Path | None = None, *, resume: bool = False) -> None:
        self.path, self._resume = path, resume
        self._known: dict[tuple[tuple[str, float | int], ...], dict[int, float]] = {}
        self._file: BinaryIO | None = None

    def begin(self, rows: Sequence[Measurement], chip: NnaConfig) -> None:
        """Read the known predictions of ``rows`` on ``chip``. Raises FileError if the file belongs to another fit, or
        to none.
        """
        if self.path is None:
            return
        head = {"kind": KIND, "schema_version": 1, "fit": _digest(rows, chip)}
        lines = self._lines(head) if self._resume else []
        text = "".join(files.json_text(line, indent=None) for line in (head, *lines))
        files.write_bytes(self.path, text.encode(), force=True)
        self._file = self.path.open("ab")

    def known(self, values: Values) -> Mapping[int, float]:
        """The predictions with these ``values`` by line, for the rows that were simulated with them."""
        return self._known.get(tuple(sorted(values.items())), {})

    def keep(self, values: Values, predicted: Mapping[int, float]) -> None:
        """Add what was simulated; it is in the file when this returns."""
        if self._file is not None and predicted:
            line = {"values": dict(values), "rows": {str(row): takes for row, takes in predicted.items()}}
            self._file.write(files.json_text(line, indent=None).encode())
            self._file.flush()

    def end(self, *, removed: bool) -> None:
        """Close the file, if there is one; ``removed``: delete it, since the fit is done."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what a full disk did not take
                self._file.close()
            if removed and self.path is not None:
                self.path.unlink(missing_ok=True)

    def _lines(self, head: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The whole lines behind the first, which must be ``head``; a last one that broke off is left out."""
        assert self.path is not None
        text = files.read_text(self.path, MOST_BYTES)
        if text.count("\n") > limits.EVALUATIONS:
            raise FileError(self.path, f"has more than {limits.EVALUATIONS:,} lines; begin anew (`force`)")
        first, *lines = text.split("\n")[:-1] or [""]
        if not first or files.parse_json(first, self.path) != head:
            raise FileError(self.path, "is of another fit: table, traces, chip or version differ; begin anew (`force`)")
        numbered = [(f"{self.path}: line {number}", line) for number, line in enumerate(lines, start=2)]
        return [self._add(files.parse_json(line, source), source) for source, line in numbered]

    def _add(self, line: Any, source: str) -> dict[str, Any]:
        try:
            values, rows = line["values"], {int(row): takes for row, takes in line["rows"].items()}
            whole = all(map(_is_number, values.values())) and all(map(_is_time, rows.values()))
        except (TypeError, KeyError, ValueError, AttributeError):
            whole = False
        if not whole:
            raise FileError(source, "holds no evaluations of a fit; begin anew (`force`)")
        known = self._known.setdefault(tuple(sorted(values.items())), {})
        if any(known.get(row, takes) != takes for row, takes in rows.items()):
            raise FileError(source, "contradicts a line before it: equal values, other times; begin anew (`force`)")
        known.update(rows)
        return {"values": values, "rows": line["rows"]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_FIGURE


def _is_time(value: Any) -> bool:
    """A prediction is compared with what was measured, as a ratio."""
    return _is_number(value) and value > 0


@contextmanager
def evaluated_at(out: Path, *, resume: bool = False, force: bool = False) -> Iterator[Evaluated]:
    """The evaluations of the fit that will write ``out``: kept if it is stopped, removed if it ends or is refused.

    Raises FileError if a fit was stopped and neither ``resume`` nor ``force`` is given, or if there is none to resume.
    """
    path = Path(f"{out}{SUFFIX}")
    if resume and not path.exists():
        raise FileError(path, "is not there: no fit to this file was stopped; leave out `resume`")
    if path.exists() and not resume and not force:
        raise FileError(path, "is of a fit that was stopped; `resume` continues it, `force` begins anew")
    evaluated = Evaluated(path, resume=resume)
    try:
        yield evaluated
    except NnasimError:
        evaluated.end(removed=not resume)
        raise
    except OSError as error:
        evaluated.end(removed=False)
        if error.filename is not None:
            raise
        raise FileError(path, f"cannot be written ({reason(error)})") from None
    except BaseException:
        evaluated.end(removed=False)
        raise
    evaluated.end(removed=True)


def _digest(rows: Sequence[Measurement], chip: NnaConfig) -> str:
    """The digest of everything that decides the predictions: the rows, their traces, the chip, the version."""
    traces = {row.name: record_digest(row.ran.programs.trace) for row in rows if isinstance(row.ran, TraceRun)}
    cells = [[row.row.line, *row.row.cells.items()] for row in rows]
    text = files.json_text([nnasim.__version__, chip.digest(), traces, cells], indent=None)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
