"""Traces as files: what decoding real speech performs, with the model's integers beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from nnasim import files
from nnasim.errors import ConfigError, writing
from nnasim.ir.io import record_bytes, write_record
from nnasim.ir.trace import RECOGNISER_GROUPS, OpTrace, System, Unit
from nnasim.numerics.config import NumericsConfig
from nnasim.together import together

if TYPE_CHECKING:
    import numpy as np

    from aat_training.data.manifest import Entry


@dataclass(frozen=True)
class Recorded:
    """A trace, and the integers from which the functional chip computes its words; none if it is for times only."""

    trace: OpTrace
    constants: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    def placed(self, moves: Mapping[str, str]) -> Recorded:
        """The same decoding with groups of operations on other units, for times only: words depend on the units.

        ``moves``: group -> "cpu" or "nna". Raises ConfigError for an unknown group or unit.
        """
        for group, unit in moves.items():
            if group not in RECOGNISER_GROUPS or unit not in get_args(Unit):
                allowed = f"must be GROUP=cpu or GROUP=nna with a group of {', '.join(RECOGNISER_GROUPS)}"
                raise ConfigError("place", "group", f"{group}={unit}", allowed)
        placement: dict[Any, Any] = {**self.trace.placement, **moves}
        return Recorded(self.trace.model_copy(update={"placement": placement, "weights_file": None}))

    def write(self, out: Path, *, force: bool = False) -> None:
        """Write the trace, and its integers to OUT.safetensors. Raises FileError.

        Neither appears before both have found room, and the integers first, so that a trace never names a file that is
        not there.
        """
        if not self.constants:
            write_record(out, self.trace, force=force)
            return
        from safetensors.numpy import save

        weights = integers_beside(out)
        record = record_bytes(out, self.trace.model_copy(update={"weights_file": weights.name}))
        with together(), files.new_file(out, force=force) as trace, files.new_file(weights, force=force) as integers:
            with writing(out):
                trace.write(record)
                trace.flush()
            integers.write(save(dict(sorted(self.constants.items()))))


def integers_beside(out: Path) -> Path:
    """The file of integers that is written beside the trace ``out``."""
    return Path(f"{out}.safetensors")


def recorded(
    checkpoint: Path, entries: Sequence[Entry], system: System, numerics: NumericsConfig, *,
    beam: int = 1, tell: Callable[[list[str]], None] = lambda notes: None,
) -> Recorded:  # fmt: skip
    """The recorded decoding of ``entries`` with ``system``. ``tell`` takes notes on the speech and its words.

    The chip's own data path follows one hypothesis, so that a trace of a ``beam`` has no integers.
    Raises CheckpointError, ManifestError or NumericsError.
    """
    from aat_training.data.notes import score_notes, speech_notes
    from aat_training.evaluate import normalised_features, run_model
    from aat_training.score import score
    from aat_training.systems import load_system

    loaded, model, _ = load_system(checkpoint, system, numerics)
    tell(speech_notes(list(entries), loaded))
    run = run_model(model, loaded, list(entries), system, numerics, beam=beam)
    tell(score_notes({system: score(run.pairs).wer}))
    plain = Recorded(run.trace)
    if not run.constants or beam > 1:
        return plain
    # So that the functional chip gets the same speech.
    features = {f"features.{number}": normalised_features(model, loaded, entry) for number, entry in enumerate(entries)}
    return replace(plain, constants=run.constants | features)
