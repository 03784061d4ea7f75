"""Keys made again of a row's values: all that proves a row without a checksum, of version 0.1, to be whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnasim.errors import FileError, InputError, TraceError
from nnasim.sweeps.database import WHOLE
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.job import Chip, Job, Values, value_at, with_value
from nnasim.sweeps.stored_jobs import job_of
from nnasim.sweeps.stored_rows import name_of

VERSION_0_1 = "0.1.0"  # as keys of its points hold it
Record = Mapping[str, Any]


class MadeKeys:
    """The keys of a store's points, made again. ``record_of``: the record of a sweep by digest, None without a whole
    one: what cannot be made again is not doubted.
    """

    def __init__(self, record_of: Callable[[str], Record | None], source: object) -> None:
        self._record_of, self._source = record_of, source
        self._jobs = dict[str, tuple[Job, Record] | None]()

    def refuse_other(self, sweep: str, outcome: Outcome) -> None:
        """Raise TraceError if the point's values are not those that its key was made of, for ``sweep``."""
        if sweep not in self._jobs:
            self._jobs[sweep] = self._job(sweep)
        known = self._jobs[sweep]
        if known is not None and outcome.key not in _keys(*known, outcome.values):
            row, allowed = f"row {name_of(outcome.key)}, point", "must be the values that its key was made of"
            raise TraceError(self._source, row, outcome.values, f"{allowed}{WHOLE}")

    def _job(self, sweep: str) -> tuple[Job, Record] | None:
        record = self._record_of(sweep)
        try:
            return None if record is None else (job_of(record, self._source), record)
        except (FileError, InputError):  # whoever reads the sweep is told
            return None


def _keys(job: Job, record: Record, values: Values) -> Iterator[str]:
    """The keys of a point, as this version makes it and as version 0.1 did; none for values of other axes."""
    if values.keys() != job.fields.keys():
        return
    if all(_takes(job.base, name) for name in values):
        yield job.key(values)
    chip: Chip = record["base"]  # with its latency in cycles
    for name, value in values.items():
        if job.fields[name].target == "chip":
            if not _takes(chip, name):
                return
            chip = with_value(chip, name.split("."), value)
    yield job.key_of(chip, values, VERSION_0_1)


def _takes(chip: Chip, name: str) -> bool:
    """Whether ``chip``, which may be a stranger's, has a section for the field ``name``, or room for one."""
    section = value_at(chip, name.rpartition(".")[0]) if "." in name else chip
    return section is None or isinstance(section, dict)
