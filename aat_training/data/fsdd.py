"""Connected digits from the Free Spoken Digit Dataset: takes of one speaker, joined with pauses over low noise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from aat_training.data.audio import Samples, decoded_audio
from aat_training.data.clip import Clip
from aat_training.data.strings import MOST_WORDS, Recording, Style, word_strings
from aat_training.data.vocabulary import DIGITS
from aat_training.data.word_index import refuse_long, refuse_silence
from nnasim import files
from nnasim.errors import FileError, InputError, reason
from workloads.audio.header import read_header

RATE = 8000
_NAME = re.compile(r"([0-9])_([A-Za-z]{1,40})_([0-9]{1,6})\.wav")


class Take(NamedTuple):
    """One recording of one digit."""

    digit: int
    number: int
    path: Path


def takes_by_speaker(folder: str | Path, takes: range | None = None) -> dict[str, list[Take]]:
    """The recordings ``{digit}_{speaker}_{take}.wav`` of ``folder`` with takes in ``takes`` (None: all).

    Speakers and takes are sorted, whatever the file system's order. Raises FileError if there are none.
    """
    by_speaker: dict[str, list[Take]] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise FileError(folder, f"cannot be read ({reason(error)})") from None
    for name in names:
        if match := _NAME.fullmatch(name):
            take = Take(int(match[1]), int(match[3]), Path(folder) / name)
            if takes is None or take.number in takes:
                by_speaker.setdefault(match[2], []).append(take)
    if not by_speaker:
        which = "" if takes is None else f" with takes {takes.start} to {takes.stop - 1}"
        raise FileError(folder, f"holds no recording named DIGIT_SPEAKER_TAKE.wav{which}")
    return {speaker: sorted(by_speaker[speaker]) for speaker in sorted(by_speaker)}


def digit_strings(
    folder: str | Path, utterances: int, *, takes: range | None = None, digits: tuple[int, int] = (2, 7),
    seed: int = 0,
) -> Iterator[Clip]:  # fmt: skip
    """``utterances`` strings of ``digits`` (least, most) takes; speakers in turn, the rest drawn from ``seed``.

    Utterance i depends on the seed, i and the recordings only, not on how many are made.
    Raises InputError for impossible counts, FileError for a folder or a recording that cannot be used.
    """
    if not 1 <= digits[0] <= digits[1] <= MOST_WORDS:
        raise InputError("fsdd", "digits", f"{digits[0]}-{digits[1]}", f"needs 1 <= least <= most <= {MOST_WORDS}")
    recordings = {
        speaker: [Recording(DIGITS[take.digit], take.path) for take in own]
        for speaker, own in takes_by_speaker(folder, takes).items()
    }
    yield from word_strings(recordings, utterances, RATE, _load, Style(words=digits), seed)


def _load(path: Path) -> Samples:
    with files.open_regular(path) as file:
        refuse_long(read_header(file, path), path)
        samples, rate = decoded_audio(file, path)
    refuse_silence(samples, path)
    if rate == RATE:
        return samples
    from aat_training.data.resample import resample  # the corpus is at 8 kHz: torch is hardly ever needed

    return resample(samples, rate, RATE)
