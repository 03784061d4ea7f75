"""The start and the end of the speech in a recording of one word, found by its energy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aat_training.data.audio import Samples

FRAME_S = 0.010
# How far below the loudest frame speech may lie, and how far above the quietest tenth of the frames it must lie, as a
# share of the distance between the two; the higher of the thresholds counts.
DEPTH_DB = 35.0
ABOVE_FLOOR = 0.25
MARGIN_S = 0.030  # kept on either side: a fricative begins below any threshold

Levels = NDArray[np.float64]


def trimmed(samples: Samples, rate: int) -> Samples:
    """``samples`` [T] at ``rate`` Hz from the first loud frame to the last, with a margin; empty where all is silence.

    A recording without pauses around its word comes back whole.
    """
    level_db, hop = levels_db(samples, rate)
    if not len(level_db):
        return samples[:0]
    first, last = loud_span(level_db)
    margin = round(MARGIN_S * rate)
    return samples[max(0, first * hop - margin) : last * hop + margin]


def levels_db(samples: Samples, rate: int) -> tuple[Levels, int]:
    """Level of each frame of ``FRAME_S`` in dB, and the frame's samples; no level at all of digital silence."""
    hop = max(1, round(FRAME_S * rate))
    frames = np.pad(samples, (0, -len(samples) % hop)).reshape(-1, hop)
    energy = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not energy.any():
        return np.empty(0), hop
    return 10 * np.log10(energy + energy.max() * 1e-12), hop


def loud_span(level_db: Levels) -> tuple[int, int]:
    """First loud frame and the first one behind the last loud one, of at least one level."""
    top, floor = level_db.max(), np.quantile(level_db, 0.1)
    loud = np.flatnonzero(level_db >= max(top - DEPTH_DB, floor + ABOVE_FLOOR * (top - floor)))
    return int(loud[0]), int(loud[-1]) + 1
