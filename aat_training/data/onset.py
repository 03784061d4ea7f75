"""The start of the first word of an utterance, found by energy."""

from __future__ import annotations

import numpy as np

from aat_training.data.audio import audio_blocks
from aat_training.data.cepstra import FRAMES_PER_SECOND, read_mfc
from aat_training.data.manifest import Entry
from aat_training.data.trim import FRAME_S, levels_of_blocks, loud_span

EARLY_S = 0.1
_SPEECH_DB = 10.0  # frames that differ by less hold no word that could be told from the rest
_DB_PER_CEPSTRUM = 10 / np.log(10)  # the zeroth is the mean natural logarithm of the bands' power


def onset_s(entry: Entry) -> float | None:
    """Seconds from the utterance's start to its first loud frame; None if no frame stands out.

    Raises ManifestError with the manifest's line for a file that cannot be read.
    """
    if entry.audio_filepath is not None:
        with audio_blocks(entry) as (blocks, rate):
            level_db, _ = levels_of_blocks(blocks, rate)
        seconds = FRAME_S
    else:
        rows = read_mfc(entry.path)
        first, last = entry.span(len(rows), FRAMES_PER_SECOND)
        level_db, seconds = rows[first:last, 0].astype(np.float64) * _DB_PER_CEPSTRUM, 1 / FRAMES_PER_SECOND
    if not len(level_db) or np.ptp(level_db) < _SPEECH_DB:
        return None
    return loud_span(level_db)[0] * seconds
