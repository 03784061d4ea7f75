"""The places where recorded speech may be cut between two words: the quietest frame near the end of the first one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Frames of 10 ms around the moment when a streaming recogniser knows a word: it may end a little before or after it.
_BEFORE, _AFTER = 18, 20
_SHORTEST_WORD = 8
_SMOOTHED = 3  # frames that a level is averaged over: one quiet frame inside a word is no pause
_QUIET = 0.35  # of the way from the quiet tenth of an utterance's frames to the loud tenth


class Cut(NamedTuple):
    """A cut before ``frame``, where one word ends and the next begins; ``quiet``: there is a pause, so that nothing is
    cut off.
    """

    frame: int
    quiet: bool


def word_cuts(level_T: NDArray[np.float32], known: Sequence[int]) -> list[Cut]:
    """A cut between any two neighbouring words, in frames of ``level_T`` (log energy, 10 ms each), rising.

    ``known``: the frame by which each word is known, rising. Where the speech runs on, the cut is not quiet, and
    nothing should be joined there.
    """
    smooth = np.convolve(level_T, np.full(_SMOOTHED, 1 / _SMOOTHED), "same")
    floor, peak = np.quantile(smooth, [0.1, 0.9])
    cuts: list[Cut] = []
    for this, following in pairwise(known):
        first = max(cuts[-1].frame + _SHORTEST_WORD if cuts else 1, this - _BEFORE)
        last = min(this + _AFTER, following - _SHORTEST_WORD)
        if last <= first:
            cuts.append(Cut(first, quiet=False))
            continue
        frame = first + int(smooth[first:last].argmin())
        cuts.append(Cut(frame, quiet=bool(smooth[frame] - floor < _QUIET * (peak - floor))))
    return cuts
