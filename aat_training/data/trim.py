"""The start and the end of the speech in a recording of one word, found by its energy."""

from __future__ import annotations

from collections.abc import Iterable

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
    return levels_of_blocks([samples], rate)


def levels_of_blocks(blocks: Iterable[Samples], rate: int) -> tuple[Levels, int]:
    """``levels_db`` of audio that comes in ``blocks``."""
    hop = max(1, round(FRAME_S * rate))
    rest, energies = np.empty(0, np.float32), [np.empty(0)]
    for block in blocks:
        wave = np.concatenate([rest, block])
        whole = len(wave) // hop * hop
        energies.append(_energies(wave[:whole], hop))
        rest = wave[whole:]
    energy = np.concatenate([*energies, _energies(np.pad(rest, (0, -len(rest) % hop)), hop)])
    if not energy.any():
        return np.empty(0), hop
    return 10 * np.log10(energy + energy.max() * 1e-12), hop


def _energies(wave: Samples, hop: int) -> Levels:
    energies: Levels = np.mean(np.square(wave.reshape(-1, hop), dtype=np.float64), axis=1)
    return energies


def loud_span(level_db: Levels) -> tuple[int, int]:
    """First loud frame and the first one behind the last loud one, of at least one level."""
    top, floor = level_db.max(), np.quantile(level_db, 0.1)
    loud = np.flatnonzero(level_db >= max(top - DEPTH_DB, floor + ABOVE_FLOOR * (top - floor)))
    return int(loud[0]), int(loud[-1]) + 1
