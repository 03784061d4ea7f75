"""The one place where records are read and written; unknown versions and foreign files are refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from nnasim import filekind, files
from nnasim.errors import FileError, TraceError
from nnasim.ir.contradictions import refuse_contradictions
from nnasim.ir.result import SimResult
from nnasim.ir.shared import SharedResult
from nnasim.ir.trace import OpTrace
from nnasim.records import validated

RecordT = TypeVar("RecordT", bound=BaseModel)


def parse_record(cls: type[RecordT], data: Any, source: object) -> RecordT:
    """``data`` (parsed JSON) as a record of ``cls``. Raises TraceError with ``source``, the field and its fault."""
    expected = cls.model_fields["kind"].default
    if not isinstance(data, dict):
        raise TraceError(source, "", data, f"is not a JSON object, so no {expected} file")
    files.refuse_other(data, filekind.of_data({"kind": expected}) or expected, source)
    if data.get("kind") != expected:
        raise TraceError(source, "kind", data.get("kind"), f"is no {expected} file")
    versions = get_args(cls.model_fields["schema_version"].annotation)
    version = data.get("schema_version")
    if version not in versions or isinstance(version, bool):
        known = " and ".join(map(str, versions))
        raise TraceError(source, "schema_version", version, f"this version of nnasim reads {known}")
    return validated(cls, data, source, TraceError)


def read_trace(path: str | Path) -> OpTrace:
    """An OpTrace file. Raises FileError or TraceError."""
    return parse_record(OpTrace, files.read_json(path), path)


def read_result(path: str | Path) -> SimResult:
    """A SimResult file. Raises FileError, or TraceError also for figures that contradict one another."""
    result = parse_record(SimResult, files.read_json(path), path)
    refuse_contradictions(result, path)
    return result


def read_shared(path: str | Path) -> SharedResult:
    """A SharedResult file. Raises FileError, or TraceError also for figures that contradict one another."""
    result = parse_record(SharedResult, files.read_json(path), path)
    refuse_contradictions(result, path)
    return result


def is_shared(path: Path) -> bool:
    """Whether the file at ``path`` says that it is a SharedResult. Raises FileError."""
    if path.is_dir():
        return False
    data = files.read_json(path)
    return isinstance(data, dict) and data.get("kind") == SharedResult.model_fields["kind"].default


def write_record(path: str | Path, record: BaseModel, *, force: bool = False) -> None:
    """Write a record as JSON, atomically; the same record gives the same bytes. Raises as ``record_bytes`` does."""
    files.write_bytes(path, record_bytes(path, record), force=force)


def record_bytes(path: str | Path, record: BaseModel) -> bytes:
    """A record as JSON, to be written to ``path``.

    Raises FileError for a record that could not be read back, since work in a file that cannot be opened is lost.
    """
    data = files.json_text(record.model_dump(mode="json"), indent=None).encode()
    if len(data) > files.JSON_MAX_BYTES:
        limit = f"at most {files.JSON_MAX_BYTES:,} can be read back; take fewer utterances or frames"
        raise FileError(path, f"would have {len(data)} bytes, {limit}")
    return data


def record_digest(record: BaseModel) -> str:
    """16 hex digits that identify a record's content."""
    return hashlib.sha256(files.json_text(record.model_dump(mode="json"), indent=None).encode()).hexdigest()[:16]
