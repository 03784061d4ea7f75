"""The speech and models that `explain --words` decodes: those given, or those of the command that made a result."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from nnasim.cli.inputs import checked_speech, look_for_checkpoints
from nnasim.cli.notes import tell
from nnasim.cli.options import MOST_UTTERANCES
from nnasim.cli.progress import shown_progress
from nnasim.errors import ConfigError
from nnasim.ir.io import read_result, write_record
from nnasim.ir.result import SimResult
from nnasim.markup import counted
from nnasim.shellwords import words_of
from nnasim.studies.explaining.speech import Speech, planned
from workloads.bundled import checkpoints_folder, speech_manifest


def speech_of(result: Path | None, checkpoints: Path | None, manifest: Path | None, limit: int | None) -> Speech:
    """The speech that is asked for. A part that is None comes from the command that made ``result``, or is the bundled
    one.
    """
    recorded = _recorded(result)
    return Speech(
        checkpoints or Path(recorded.get("--checkpoints") or checkpoints_folder()),
        manifest or Path(recorded.get("--manifest") or speech_manifest()),
        limit or (_limit(recorded, result) if manifest is None else None),
    )


def _limit(recorded: dict[str, str], result: Path | None) -> int | None:
    """The recorded number of utterances, None if all. Raises ConfigError for one that no command can have had."""
    if (text := recorded.get("--limit")) is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST_UTTERANCES):
        raise ConfigError(result, "command", f"--limit {text}", f"must be 1 to {MOST_UTTERANCES:,}; give --limit")
    return int(text)


def _recorded(result: Path | None) -> dict[str, str]:
    """The values of long options in the command of a comparison's result; empty if another command made it."""
    words = words_of(read_result(result).command) if result else []
    if words[:2] != ["nnasim", "compare"]:
        return {}
    spread = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return {option: value for option, value in pairwise(spread) if option.startswith("--")}


def words_kept(result: SimResult, speech: Speech, out: Path | None, force: bool) -> SimResult:
    """``result`` with the words that each field of the numerics costs; kept in ``out`` after each decoding."""
    decodes, utterances = planned(result), len(checked_speech(speech.manifest, speech.limit))
    look_for_checkpoints(speech.checkpoints, [result.system])

    from nnasim.studies.explaining.decodes import with_words  # brings torch: after the files have been looked at

    tell([f"decodes {counted(utterances, 'utterance')} up to {decodes} times, once for each field of the numerics"])
    written = force

    def keep(part: SimResult) -> None:
        nonlocal written
        if out is not None:
            write_record(out, part, force=written)
            written = True

    with shown_progress(lines=True) as progress:
        return with_words(result, speech, keep, progress)
