"""Notes to read before the word error rate of some speech is believed: one line each, none if all is well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aat_training.data.audio import audio_rate, audio_seconds
from aat_training.data.cepstra import FRAMES_PER_SECOND, read_mfc
from aat_training.data.manifest import FIELDS, SLACK_S, Entry
from aat_training.data.onset import EARLY_S, onset_s
from aat_training.data.text import normalised
from nnasim.errors import shown

if TYPE_CHECKING:  # both need torch, and most of this does not
    from aat_training.checkpoint import Checkpoint
    from aat_training.tokens import Tokens

_NAMED = 5  # words or fields that a line names


def manifest_notes(entries: Sequence[Entry]) -> list[str]:
    """Fields that nothing uses, and utterances that are not as long as their files."""
    notes = []
    unused = Counter(name for entry in entries for name in entry.unused)
    if unused:
        notes.append(f"{_manifest(entries[0])}: fields not used: {_named(sorted(unused))}; used: {', '.join(FIELDS)}")
    whole = [(entry, _file_seconds(entry)) for entry in entries]
    cut = [(e, s) for e, s in whole if e.offset is None and e.duration < s - SLACK_S]
    if cut:
        entry, seconds = cut[0]
        notes.append(
            f"{len(cut)} of {len(entries)} utterances end before their file does, as their duration says (first: "
            f"{entry.where}, {entry.duration:g} of {seconds:g} s)"
        )
    longer = [(e, s) for e, s in whole if (e.offset or 0) + e.duration > s + 0.1]
    if longer:
        entry, seconds = longer[0]
        notes.append(
            f"{len(longer)} of {len(entries)} utterances end with their file, before their duration does (first: "
            f"{entry.where}, {(entry.offset or 0) + entry.duration:g} of {seconds:g} s)"
        )
    return notes


def vocabulary_note(what: str, texts: Sequence[str], tokens: Tokens) -> str | None:
    """A note on the words of normalised ``texts`` that no output of the model can spell; None if there is none."""
    return words_note(what, Counter(word for text in texts for word in text.split()), tokens)


def words_note(what: str, words: Counter[str], tokens: Tokens) -> str | None:
    """``vocabulary_note`` of words that have been counted."""
    missing = Counter({word: count for word, count in words.items() if not can_say(tokens, word)})
    if not missing:
        return None
    named = _named([word for word, _ in missing.most_common()])
    return f"{missing.total()} of {words.total()} {what} words are not in the model's vocabulary: {named}"


def can_say(tokens: Tokens, word: str) -> bool:
    """Whether the model has outputs that spell ``word``."""
    return tokens.decode(tokens.encode(word)) == word


def early_note(entries: Sequence[Entry]) -> str | None:
    """A note on the utterances that begin with their first word at once; None if there is none."""
    onsets = [onset_s(entry) for entry in entries if entry.text.strip()]
    early = sum(onset is not None and onset < EARLY_S for onset in onsets)
    if not early:
        return None
    return (
        f"{early} of {len(entries)} utterances begin with speech in their first {1000 * EARLY_S:g} ms; recognisers "
        "lose or invent words there more often than behind some silence"
    )


def rate_note(entries: Sequence[Entry], rate: int) -> str | None:
    """A note on the utterances with a lower sample rate than the model's ``rate`` [Hz]; None if there is none."""
    rates = [audio_rate(entry.path) for entry in entries if entry.audio_filepath is not None]
    low = [own_rate for own_rate in rates if own_rate < rate]
    if not low:
        return None
    return (
        f"{len(low)} of {len(entries)} utterances have a lower sample rate than the model (from {min(low)} Hz, the "
        f"model {rate} Hz): the upper part of what it listens to is empty"
    )


def speech_notes(entries: Sequence[Entry], checkpoint: Checkpoint) -> list[str]:
    """All notes on ``entries`` as speech for a model."""
    texts = [normalised(entry.text, checkpoint.recipe.text) for entry in entries]
    vocabulary = vocabulary_note("reference", texts, checkpoint.tokens)
    rate = rate_note(entries, checkpoint.recipe.features.sample_rate)
    lines = (vocabulary, rate, early_note(entries), checkpoint.binding_note)
    return [*manifest_notes(entries), *(line for line in lines if line)]


def score_notes(wer: dict[str, float | None]) -> list[str]:
    """Word error rates, by system, that say that something is wrong with the speech and not with the model."""
    above = [f"{system} {100 * rate:.1f} %" for system, rate in wer.items() if rate is not None and rate > 1]
    if not above:
        return []
    return [
        f"WER above 100 % ({', '.join(above)}): more words are wrong than were said; look at the silence around "
        "speech, the sample rate and the language"
    ]


def _file_seconds(entry: Entry) -> float:
    if entry.audio_filepath is not None:
        return audio_seconds(entry.path)
    return len(read_mfc(entry.path)) / FRAMES_PER_SECOND


def _manifest(entry: Entry) -> str:
    return entry.where.rpartition(" line ")[0] or entry.where


def _named(names: Sequence[str]) -> str:
    """A few names, each cut and escaped where need be: they come from a file."""
    few = ", ".join(shown(name[:60])[1:-1] for name in names[:_NAMED])
    return few + (", ..." if len(names) > _NAMED else "")
