"""Lhotse's cuts as utterances: a MonoCut of a recording on disk, with the words of its supervisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from aat_training.data.foreign import lhotse_kind
from aat_training.data.manifest import Entry
from nnasim.errors import FileError, ManifestError
from nnasim.records import validated

_USED = {"id", "type", "start", "duration", "channel", "supervisions", "recording"}


def is_lhotse(data: Any) -> bool:
    """Whether a JSON line is one of Lhotse's records."""
    return isinstance(data, dict) and lhotse_kind(data) is not None


def cut_entry(data: Any, where: str, folder: Path) -> Entry:
    """The utterance of one MonoCut: its part of the recording, its supervisions' texts in the order of their starts.

    Relative paths start at ``folder``. Raises FileError or ManifestError: another kind of record, a recording that is
    no single-channel file on disk or that Lhotse would change while reading.
    """
    kind = lhotse_kind(data) if isinstance(data, dict) else None
    if kind != "MonoCut":
        what = f"is a Lhotse {kind}" if kind else "is no Lhotse record"
        raise FileError(where, f"{what}; only MonoCuts are converted (`lhotse cut simple` makes them of recordings)")
    if data.get("channel", 0) not in (0, [0]) or data.get("channel") is False:
        raise ManifestError(where, "channel", data["channel"], "must be 0: recordings of one channel are read")
    spoken = [
        _supervision(each, f"supervisions.{n}", where) for n, each in enumerate(_list(data, "supervisions", where))
    ]
    spoken.sort(key=lambda each: each.start)
    texts = [each.text for each in spoken if each.text is not None]
    entry = {
        "id": data.get("id"), "audio_filepath": _file(data.get("recording"), where), "offset": data.get("start"),
        "duration": data.get("duration"), "text": " ".join(" ".join(texts).split()),
        "speaker": next((each.speaker for each in spoken if each.speaker is not None), None),
        "where": where, "folder": folder, "unused": tuple(name for name in data if name not in _USED),
    }  # fmt: skip
    return validated(Entry, entry, where, ManifestError)


class _Supervision(NamedTuple):
    start: float
    text: str | None
    speaker: object


def _supervision(each: object, name: str, where: str) -> _Supervision:
    """The part of a supervision that is used. Raises ManifestError for one that is none."""
    if not isinstance(each, dict):
        raise ManifestError(where, name, each, "must be a supervision")
    start, text = each.get("start"), each.get("text")
    if isinstance(start, bool) or not isinstance(start, int | float):
        raise ManifestError(where, f"{name}.start", start, "must be a number of seconds")
    if not isinstance(text, str | None):
        raise ManifestError(where, f"{name}.text", text, "must be text or null")
    return _Supervision(start, text, each.get("speaker"))


def _list(data: dict[str, Any], name: str, where: str) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list):
        raise ManifestError(where, name, value, "must be a list")
    return value


def _file(recording: Any, where: str) -> Any:
    """The path of a recording's only source."""
    if not isinstance(recording, dict):
        raise ManifestError(where, "recording", recording, "must hold the recording: a cut of features has no audio")
    if recording.get("transforms"):
        raise ManifestError(where, "recording.transforms", recording["transforms"], "are not applied; save the audio")
    sources = _list(recording, "sources", where)
    if len(sources) != 1 or not isinstance(sources[0], dict):
        raise ManifestError(where, "recording.sources", sources, "must be one file")
    source = sources[0]
    if source.get("type") != "file":
        raise ManifestError(
            where, "recording.sources.type", source.get("type"), "must be file: nothing is run or loaded"
        )
    if source.get("channels", [0]) != [0]:
        raise ManifestError(where, "recording.sources.channels", source["channels"], "must be [0]: one channel")
    return source.get("source")
