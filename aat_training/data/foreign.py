"""Files of speech that are no manifest of this package: what they seem to be, and the command that converts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnasim import filekind, files
from nnasim.errors import FileError, shown

GZIP = b"\x1f\x8b"
LHOTSE_CUTS = ("MonoCut", "MultiCut", "MixedCut", "PaddingCut")

# Each field of a manifest, and what tables and other manifests call it; the first of each is ours.
COLUMNS = {
    "audio_filepath": ("audio_filepath", "path", "audio", "audio_path", "wav", "wav_filename", "file", "filename"),
    "features_filepath": ("features_filepath",),
    "text": ("text", "sentence", "transcript", "transcription"),
    "id": ("id", "utterance", "utt_id"),
    "speaker": ("speaker", "client_id", "speaker_id"),
    "offset": ("offset", "start"),
    "duration": ("duration",),
}
_MEANING = {name: field for field, names in COLUMNS.items() for name in names}


def field_of(column: str) -> str:
    """The manifest's field that ``column`` means, however it is written; itself where it means none."""
    return _MEANING.get(column.strip().lower(), column)


def lhotse_kind(data: dict[str, Any]) -> str | None:
    """The kind of Lhotse's record in a JSON line: a cut's type, ``Recording`` or ``SupervisionSegment``; else None."""
    kind = data.get("type")
    if isinstance(kind, str) and kind in LHOTSE_CUTS:
        return kind
    if "sources" in data and "sampling_rate" in data:
        return "Recording"
    return "SupervisionSegment" if "recording_id" in data and "start" in data else None


def refuse_foreign_line(data: dict[str, Any], where: str) -> None:
    """Raise FileError for a line of another tool's format, which an import understands, or for a whole file of another
    kind.
    """
    files.refuse_other(data, "a manifest", where)
    if kind := lhotse_kind(data):
        raise FileError(where, f"is a Lhotse {kind}, no utterance of a manifest; {_convert('FILE')}")
    others = [name for name in data if field_of(name) != name and field_of(name) not in data]
    if {"audio_filepath", "text"} & set(map(field_of, others)):
        raise FileError(
            where, f"has {', '.join(map(shown, others))} where a manifest has other names; {_convert('FILE')}"
        )
    if data.get("duration", 0) is None:
        raise FileError(where, f"does not say how long it is (duration is null); {_convert('FILE')}")
    if "duration" not in data and {"audio_filepath", "text"} <= set(data):
        raise FileError(where, f"the field 'duration' is missing: how long it is [s]; {_convert('FILE')}")


def refuse_foreign_file(path: str | Path) -> None:
    """Raise FileError for a compressed file or a table; an unreadable file is left to its reader."""
    if Path(path).is_dir():
        why = f"is a folder; only `nnasim train` reads shards; if it is Kaldi's (wav.scp, text), {_convert('FOLDER')}"
        raise FileError(path, why)
    with files.open_regular(path) as file:
        head = file.read(4096)
    if head.startswith(GZIP):
        raise FileError(path, f"is compressed with gzip; {_convert('FILE')}")
    if (kind := filekind.of_bytes(head)) is not None:
        raise FileError(path, f"is {kind}, not a manifest (JSON lines)")
    first = head.splitlines()[0].decode("utf-8", "replace") if head else ""
    if first.strip("\ufeff \t") in ("[", "{"):
        raise FileError(path, f"is not JSON lines, one object a line{files.seems(path)}")
    if not first.lstrip("\ufeff \t").startswith(("{", "[")) and _is_header(first):
        raise FileError(path, f"seems to be a table (CSV or TSV), no JSON lines; {_convert('FILE')}")


def _is_header(line: str) -> bool:
    """Whether ``line`` names a column for audio, as the first of a table."""
    names = line.lstrip("\ufeff").split(filekind.delimiter(line))
    return any(field_of(name.strip(' \r\n"')) == "audio_filepath" for name in names)


def _convert(what: str) -> str:
    return f"`nnasim data import {what}` converts it"
