"""Files of speech that are no manifest of this package: what they seem to be, and the command that converts them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nnasim import filekind, files
from nnasim.errors import FileError

GZIP = b"\x1f\x8b"
LHOTSE_CUTS = ("MonoCut", "MultiCut", "MixedCut", "PaddingCut")
_TABLE_COLUMN = re.compile(r"(^|[,\t])\W*(path|audio|audio_filepath|wav|file|filename)\W*([,\t]|$)", re.IGNORECASE)


def lhotse_kind(data: dict[str, Any]) -> str | None:
    """Which of Lhotse's records a JSON line is: a cut's type, ``Recording`` or ``SupervisionSegment``; else None."""
    kind = data.get("type")
    if isinstance(kind, str) and kind in LHOTSE_CUTS:
        return kind
    if "sources" in data and "sampling_rate" in data:
        return "Recording"
    return "SupervisionSegment" if "recording_id" in data and "start" in data else None


def refuse_foreign_line(data: dict[str, Any], where: str) -> None:
    """FileError for a line that Lhotse wrote, or that is a whole file of another kind."""
    files.refuse_other(data, "a manifest", where)
    if kind := lhotse_kind(data):
        raise FileError(where, f"is a Lhotse {kind}, no utterance of a manifest; {_convert('FILE')}")


def refuse_foreign_file(path: str | Path) -> None:
    """FileError for a compressed file or a table; an unreadable file is left to whoever reads it."""
    if Path(path).is_dir():
        raise FileError(path, f"is a folder; if it is Kaldi's (wav.scp, text), {_convert('FOLDER')}")
    with files.open_regular(path) as file:
        head = file.read(4096)
    if head.startswith(GZIP):
        raise FileError(path, f"is compressed with gzip; {_convert('FILE')}")
    if (found := filekind.of_bytes(head)) is not None:
        raise FileError(path, f"is {found}, not a manifest (JSON lines)")
    first = head.splitlines()[0].decode("utf-8", "replace") if head else ""
    if not first.lstrip().startswith(("{", "[")) and _TABLE_COLUMN.search(first):
        raise FileError(path, f"seems to be a table (CSV or TSV), no JSON lines; {_convert('FILE')}")


def _convert(what: str) -> str:
    return f"`nnasim data import {what} --out MANIFEST` converts it"
