"""An objective: the product of energy and processing time."""

from collections.abc import Sequence

from nnasim.hardware import NnaConfig
from nnasim.ir.result import SimResult
from nnasim.sweeps.objectives import Objective


def energy_delay(results: Sequence[SimResult], chip: NnaConfig) -> float:
    energy = sum(result.totals.energy_mj or 0.0 for result in results)
    seconds = sum(utterance.busy_ms for result in results for utterance in result.utterances) / 1e3
    return energy * seconds


ENERGY_DELAY = Objective("mJ s", "energy times processing time", energy_delay)
