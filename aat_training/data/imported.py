"""Other tools' descriptions of speech as utterances: NeMo manifests, Lhotse cuts, Kaldi folders, tables."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aat_training.data.foreign import GZIP, field_of
from aat_training.data.jsonl import MAX_FILE_BYTES, parsed_lines
from aat_training.data.kaldi import kaldi_entries
from aat_training.data.lhotse import cut_entry, is_lhotse
from aat_training.data.manifest import Entry, entry_of, unique
from aat_training.data.table import entry_with_seconds, table_entries
from nnasim import files
from nnasim.errors import FileError


def imported(source: str | Path) -> Iterator[Entry]:
    """The utterances of ``source``: JSON lines (gzip-compressed or not), a table, or a folder, told by its content.

    No audio is read or copied: entries name the files that ``source`` names. Raises FileError or ManifestError with
    the line.
    """
    source = Path(source)
    yield from unique(kaldi_entries(source) if source.is_dir() else _file_entries(source), source)


def _file_entries(source: Path) -> Iterator[Entry]:
    data = _content(source).removeprefix(codecs.BOM_UTF8)
    if data.lstrip()[:1] != b"{":
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FileError(source, f"is not UTF-8 text (byte {error.start}){files.seems(source)}") from None
        yield from table_entries(text, source)
        return
    for number, where, line in parsed_lines(data, source):
        if is_lhotse(line):
            yield cut_entry(line, where, source.parent)
        else:
            yield _entry(line, number, where, source.parent)


def _entry(line: Any, number: int, where: str, folder: Path) -> Entry:
    """The entry of a line like NeMo's, with any of the usual field names; without a duration it lasts until its file
    ends.
    """
    if not isinstance(line, dict):
        return entry_of(line, number, where, folder)
    data = {field_of(name) if field_of(name) not in line else name: value for name, value in line.items()}
    return (entry_with_seconds if data.get("duration") is None else entry_of)(data, number, where, folder)


def _content(source: Path) -> bytes:
    """The file's bytes, decompressed where it is compressed; both are bounded."""
    data = files.read_bytes(source, MAX_FILE_BYTES)
    if not data.startswith(GZIP):
        return data
    decompressor = zlib.decompressobj(wbits=31)
    try:
        content = decompressor.decompress(data, MAX_FILE_BYTES + 1)
    except zlib.error as error:
        raise FileError(source, f"cannot be decompressed ({error})") from None
    if len(content) > MAX_FILE_BYTES:
        raise FileError(source, f"holds more than {MAX_FILE_BYTES:,} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise FileError(source, "is truncated, or holds more than one compressed file")
    return content
