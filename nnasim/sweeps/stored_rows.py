"""The rules for a row of a store. A store may come from anywhere, so everything in it is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, Strict, model_validator

from nnasim import files
from nnasim.errors import NOT_GIVEN, FileError, InputError, TraceError
from nnasim.limits import LARGEST_FIGURE, STORED_FIGURES
from nnasim.records import Frozen, Number, validated
from nnasim.sweeps.axes import Value
from nnasim.sweeps.database import WHOLE
from nnasim.sweeps.evaluate import Outcome
from nnasim.sweeps.job import digest_of
from nnasim.sweeps.objectives import BOTTLENECK, FALLBACK

Name = Annotated[str, Field(strict=True, min_length=1, max_length=500)]
Sentence = Annotated[str, Field(strict=True, max_length=10_000)]
_WHOLE = Field(ge=-int(LARGEST_FIGURE), le=int(LARGEST_FIGURE))
_REAL = Field(ge=-LARGEST_FIGURE, le=LARGEST_FIGURE)
# Strict in place of a function of ours: a row has thirty of them.
Figure = Annotated[int, Strict(), _WHOLE] | Annotated[float, Strict(), _REAL]
_WORDS = (BOTTLENECK, FALLBACK)  # figures that are no numbers


class StoredPoint(Frozen):
    """A row of the table of points."""

    key: Name
    study: Name
    status: Literal["ok", "failed"]
    point: Annotated[dict[Name, Value], Field(max_length=STORED_FIGURES)]
    figures: Annotated[dict[Name, Figure | Sentence | None], Field(max_length=STORED_FIGURES)] | None
    message: Sentence | None
    seconds: Annotated[Number, Field(ge=0, le=1e12)]

    @model_validator(mode="after")
    def _says_what_became_of_it(self) -> StoredPoint:
        if (self.figures is None) != (self.status == "failed"):
            raise ValueError("status: must be ok with figures, and failed without")
        for name, figure in (self.figures or {}).items():
            if isinstance(figure, str) and name not in _WORDS:
                raise ValueError(f"figures: {name} must be a number")
            if isinstance(figure, int | float) and name in _WORDS:
                raise ValueError(f"figures: {name} must be words")
        return self


class StoredScore(Frozen):
    """A row of the table of word errors."""

    key: Name
    figures: Annotated[dict[Name, Figure], Field(max_length=STORED_FIGURES)] | None
    message: Sentence | None


class SweepRecord(Frozen):
    """A sweep as a store remembers it. Records of earlier versions lack some of it; later ones may know more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    study: dict[str, Any]
    base: dict[str, Any] = Field(default_factory=dict)
    trace_hashes: tuple[Name, ...] = ()
    scored: Name | None = None


def with_sum(*row: Any) -> tuple[Any, ...]:
    """The columns of a row and their checksum as the last one, so that a flipped byte is found."""
    return *row, _sum(row)


def _sum(row: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(row).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _check_sum(row: tuple[Any, ...], source: object) -> None:
    """Raise TraceError if a row does not match its checksum; rows of earlier versions have none."""
    *columns, there = row
    if there is not None and there != _sum(tuple(columns)):
        raise TraceError(source, f"row {name_of(columns[0])}", there, f"must be the checksum of the row{WHOLE}")


def point_of(row: tuple[Any, ...], source: object) -> tuple[str, Outcome]:
    """(digest of the sweep that computed it, outcome) of a row of ``StoredPoint``'s columns. Raises InputError."""
    key, study, status, point, figures, message, seconds, _ = row
    data = {
        "key": key,
        "study": study,
        "status": status,
        "point": _parsed(point, source, key),
        "figures": None if figures is None else _parsed(figures, source, key),
        "message": message,
        "seconds": seconds,
    }
    stored = _row(StoredPoint, data, source, key)
    _check_sum(row, source)
    return stored.study, Outcome(
        key=stored.key, values=stored.point, figures=stored.figures, message=stored.message, seconds=stored.seconds
    )


def score_of(row: tuple[Any, ...], source: object) -> StoredScore:
    """The word errors in a row of ``StoredScore``'s columns. Raises InputError."""
    key, figures, message, _ = row
    parsed = None if figures is None else _parsed(figures, source, key)
    score: StoredScore = _row(StoredScore, {"key": key, "figures": parsed, "message": message}, source, key)
    _check_sum(row, source)
    return score


def understood(record: Mapping[str, Any], source: object) -> SweepRecord:
    """A sweep's record, checked. Raises FileError for one that no version of nnasim has written."""
    try:
        return validated(SweepRecord, record, source)
    except InputError:
        raise FileError(source, f"holds a study that this nnasim does not understand{WHOLE}") from None


def sweep_of(row: tuple[Any, ...], source: object) -> tuple[str, dict[str, Any]]:
    """(digest, record) of a row of the table of sweeps. Raises InputError, or FileError if it is not understood."""
    digest, text, _ = row
    record = _parsed(text, source, digest)
    if not isinstance(digest, str) or not isinstance(record, dict):
        raise FileError(source, f"holds a study that this nnasim does not understand{WHOLE}")
    _check_sum(row, source)
    if row[-1] is None and digest != recorded_digest(understood(record, source)):
        raise TraceError(source, f"row {name_of(digest)}", NOT_GIVEN, f"must be the digest of its study{WHOLE}")
    return digest, record


def recorded_digest(record: SweepRecord) -> str:
    """The digest of the sweep that ``record`` tells of."""
    return study_digest(record.study, record.base, record.trace_hashes, record.scored)


def study_digest(
    study: Mapping[str, Any], base: Mapping[str, Any], trace_hashes: Sequence[str], scored: str | None
) -> str:
    """The digest that names a sweep in a store: of its file's content, a ``study``, and of the files that it names."""
    axes = study.get("axes")
    order = list(axes) if isinstance(axes, dict) else []
    return digest_of({"study": study, "order": order, "base": base, "traces": trace_hashes, "scored": scored})


def _row(model: Any, data: Any, source: object, key: object) -> Any:
    try:
        return validated(model, data, source, TraceError)
    except InputError as wrong:
        raise TraceError(source, f"row {name_of(key)}, {wrong.field}", wrong.value, f"{wrong.allowed}{WHOLE}") from None


def _parsed(text: object, source: object, key: object) -> Any:
    place = f"{source}, row {name_of(key)}"
    if not isinstance(text, str):
        raise TraceError(source, f"row {name_of(key)}", text, f"must be JSON{WHOLE}")
    return files.parse_json(text, place)


def name_of(key: object) -> str:
    """The key of a row as a message shows it."""
    return key if isinstance(key, str) and key.isprintable() and len(key) <= 64 else ascii(key)[:64]
