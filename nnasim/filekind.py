"""The kind of file that a file or a folder seems to be, for the message that it is the wrong one. A guess, used in
messages only.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

_ENOUGH = 20_000  # characters of a text that are looked at

_MAGIC = (
    (b"SQLite format 3\0", "an SQLite database, as a store of nnasim sweep"),
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive, as torch.save writes"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x02", "a Python pickle, which is never opened here"),
    (b"\x80\x04", "a Python pickle, which is never opened here"),
)
_KINDS = {
    "nnasim.trace": "a trace",
    "nnasim.result": "a result file",
    "nnasim.shared": "a result file of several models or streams",
    "nnasim.chips": "a comparison of chips",
    "nnasim.fronts": "a comparison of sweeps' fronts",
    "nnasim.checkpoint": "a checkpoint's model.json",
    "nnasim.numerics_study": "the record of a training study",
    "nnasim.delay_study": "the record of a delay study",
    "nnasim.shards": "the index of shards",
}
# Fields that only this kind of file has, all of them.
_FIELDS = (
    ({"systems", "corpus"}, "a summary of nnasim compare"),
    ({"traceEvents"}, "a time line for Perfetto"),
    ({"pareto", "objectives"}, "a Pareto set of nnasim search"),
    ({"audio_filepath"}, "a manifest"),
    ({"features_filepath"}, "a manifest"),
    ({"axes", "traces"}, "a sweep file"),
    ({"mac_array"}, "a preset"),
    ({"extends"}, "a preset"),
    ({"encoder_units", "joint_units"}, "a shape file"),
    ({"on_cpu"}, "a placement file"),
)
# A file that only this kind of folder holds.
_FOLDERS = {
    "summary.json": "a folder of nnasim compare",
    "chips.json": "a folder of nnasim compare-chips",
    "fronts.json": "a folder of nnasim compare-chips, of sweeps",
    "study.json": "the folder of a study",
    "validation.json": "a folder of nnasim validate",
    "model.json": "a trained model",
    "points.csv": "the folder of a sweep's report",
}
_READS_IT = {
    "an SQLite database, as a store of nnasim sweep": "nnasim sweep-report shows it",
    "a trace": "nnasim simulate runs it",
    "a result file": "nnasim report shows it",
    "a result file of several models or streams": "nnasim report shows it, nnasim explain says what each waits for",
    "a sweep file": "nnasim sweep runs it",
    "a summary of nnasim compare": "give its folder",
    "a comparison of chips": "give its folder",
    "a comparison of sweeps' fronts": "its folder's report.html shows it",
    "a folder of nnasim compare": "nnasim report shows it",
    "a folder of nnasim compare-chips": "nnasim report shows it",
    "a folder of nnasim compare-chips, of sweeps": "its report.html shows it",
    "the folder of a study": "its report.html shows it",
    "a folder of nnasim validate": "its report.html shows it",
    "a trained model": "nnasim evaluate decodes speech with it",
    "the folder of a sweep's report": "its report.html shows it",
}
"""The command that reads each kind of file."""


def of_folder(folder: Path) -> str | None:
    """The kind of folder, by the files that stand in it; None if unknown."""
    return next((kind for name, kind in _FOLDERS.items() if (folder / name).is_file()), None)


def advice(kind: str | None) -> str:
    """The end of a message: ": nnasim sweep-report shows it", or an empty text."""
    return f": {_READS_IT[kind]}" if kind in _READS_IT else ""


def of_data(data: object) -> str | None:
    """The kind of file that parsed JSON or YAML seems to come from; None if unknown."""
    if not isinstance(data, dict):
        return None
    kind = data.get("kind")
    if isinstance(kind, str) and kind in _KINDS:
        return _KINDS[kind]
    return next((name for fields, name in _FIELDS if fields <= data.keys()), None)


def of_bytes(head: bytes) -> str | None:
    """The kind of file that begins with the bytes ``head``; None for text and for unknown kinds."""
    if head[:4] in (b"RIFF", b"RIFX") and head[8:12] == b"WAVE":
        return "a WAV file"
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model"
    if len(head) > 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32:
        return "a safetensors file"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def of_text(text: str) -> str | None:
    """The kind of file that a text seems to come from, by its first lines; None if unknown."""
    if (kind := of_bytes(text[:100].encode("utf-8", "replace"))) is not None:
        return kind
    lines = [line for line in text[:_ENOUGH].lstrip("\ufeff").splitlines() if line.strip() and line[:1] != "#"]
    if not lines:
        return None
    first = lines[0].strip()
    if re.match(r"(?i)<!doctype html|<html", first):
        return "an HTML page"
    if first.startswith("<"):
        return "an XML file"
    if first.startswith("{") and first.endswith("}") and len(lines) > 1 and lines[1].startswith("{"):
        return of_data(_parsed(first)) or "JSON lines"
    if first.startswith(("{", "[")):
        return "JSON"
    if re.match(r"[\w.\"'-]+\s*:(\s|$)", first):
        return of_data(dict.fromkeys(re.findall(r"^(\w+)\s*:", text[:_ENOUGH], re.MULTILINE))) or "YAML"
    if first.count("\t") >= 1:
        return "a table separated by tabs"
    return "a CSV table" if max(first.count(","), first.count(";")) >= 2 else None


def delimiter(table: str) -> str:
    """The separator of a table's columns: the most frequent of comma, tab and semicolon in its first line with text."""
    header = next((line for line in io.StringIO(table, newline=None) if line.strip()), "")
    return max(",\t;", key=header.count)


def hint(kind: str | None, *, unless: str = "") -> str:
    """The end of a message: "; it seems to be a WAV file", and what reads such a file; or an empty text."""
    return f"; it seems to be {kind}{advice(kind)}" if kind and kind != unless else ""


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
