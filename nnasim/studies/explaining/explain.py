"""explain(trace, chip) -> the result of the run, with all that explains it."""

from __future__ import annotations

from collections.abc import Sequence

from nnasim.collecting import no_collection
from nnasim.hardware import NnaConfig
from nnasim.ir.explanation import Swing, Words
from nnasim.ir.result import Parameter, SimResult
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.studies.explaining.moves import moves
from nnasim.studies.explaining.swings import assumed_numbers, swings
from nnasim.studies.explaining.turns import turns
from nnasim.studies.explaining.variants import Variants
from nnasim.studies.explaining.what_ifs import what_ifs

UNMOVED = "moves nothing over its range"


def explained(
    trace: OpTrace, chip: NnaConfig, parameters: Sequence[Parameter] = (), words: Sequence[Words] = (),
    progress: Progress = silent, variants: Variants | None = None,
) -> SimResult:  # fmt: skip
    """The result of ``trace`` on ``chip`` with its explanation, in which every figure is that of a run.

    ``parameters``: the fields of the chip with their sources, which tell which are assumed; ``words``: word errors that
    are known of it. ``variants``: what ran already of the same work, perhaps as another system. Raises every error
    that a simulation raises.
    """
    with no_collection():  # the variants and all that they keep are gone when it ends
        shared = variants or Variants(trace)
        result = shared.result(chip) if shared.trace is trace else simulate(trace, chip)
        return _explained(result, shared, chip, parameters, words, progress)


def _explained(
    result: SimResult, variants: Variants, chip: NnaConfig, parameters: Sequence[Parameter], words: Sequence[Words],
    progress: Progress,
) -> SimResult:  # fmt: skip
    assert result.explanation is not None
    base = variants.figures(chip)
    progress("explained", 1, 5)
    lifted = tuple(what_ifs(variants, chip))
    progress("explained", 2, 5)
    turned = tuple(turns(variants, chip, base, lifted))
    progress("explained", 3, 5)
    moved = tuple(moves(variants, chip, result.explanation.cpu_ops))
    progress("explained", 4, 5)
    numbers, others = assumed_numbers(chip, parameters)
    swung: list[Swing] = []
    for number, swing in swings(variants, chip, base, numbers):
        if swing is None:
            others[number.field] = UNMOVED
        else:
            swung.append(swing)
    progress("explained", 5, 5)
    explanation = result.explanation.model_copy(
        update={
            "base": base,
            "what_ifs": lifted,
            "turns": turned,
            "moves": moved,
            "swings": tuple(swung),
            "without_range": others,
            "words": tuple(words),
            "complete": True,
        }
    )
    return result.model_copy(update={"explanation": explanation})
