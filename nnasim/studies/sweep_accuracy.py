"""Word errors for a sweep: decode with a bundled or trained model, optionally trained on for each arithmetic first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnasim import files
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.sweeps.job import digest_of
from nnasim.sweeps.spec import AccuracySpec, SweepSpec

if TYPE_CHECKING:
    from aat_training.run_spec import RunSpec


@dataclass(frozen=True)
class Scoring:
    """The way in which word errors are found: the settings of the sweep file, and the ``folder`` of the files
    it names.
    """

    spec: AccuracySpec
    folder: Path

    def checkpoint(self, system: System) -> Path:
        """The trained model that ``system`` is decoded with."""
        from aat_training.checkpoint_files import checkpoint_for

        return checkpoint_for(self.folder / self.spec.checkpoints, system)

    def run_spec(self, numerics: NumericsConfig, system: System) -> RunSpec | None:
        """The training for ``numerics`` before they are scored; None if the sweep file asks for none."""
        from aat_training.checkpoint import read_checkpoint
        from aat_training.run_spec import RunSpec

        budget = self.spec.finetune
        if budget is None or system != "aat":
            return None
        initial = self.checkpoint("float")
        recipe = read_checkpoint(initial).recipe
        return RunSpec(
            recipe=recipe,
            run=recipe.aat_run.model_copy(update={"steps": budget.steps, "seed": budget.seed}),
            train=(self.folder / budget.train,),
            dev=self.folder / budget.dev,
            arithmetic="aat",
            init=initial,
            numerics=numerics,
        )


def word_errors(scoring: Scoring, numerics: NumericsConfig, system: System) -> dict[str, Any]:
    """Word errors of ``system`` under ``numerics``. Sent to workers; loads torch where it runs.

    Raises NnasimError if the arithmetic cannot be calibrated or overflows.
    """
    from aat_training.data.manifest import read_manifest
    from aat_training.evaluate import hypotheses_of
    from aat_training.score import score
    from aat_training.systems import load_system

    entries = read_manifest(scoring.folder / scoring.spec.manifest, scoring.spec.limit)
    with _checkpoint(scoring, numerics, system) as path:
        loaded, model, _ = load_system(path, system, numerics)
        words = hypotheses_of(model, loaded, entries, system)
        return score([(reference, hypothesis) for _, reference, hypothesis in words]).summary()


@contextmanager
def _checkpoint(scoring: Scoring, numerics: NumericsConfig, system: System) -> Iterator[Path]:
    """The checkpoint to score: the stored one, or one that is trained for this arithmetic and then forgotten."""
    from aat_training.train import train

    spec = scoring.run_spec(numerics, system)
    if spec is None:
        yield scoring.checkpoint(system)
        return
    with tempfile.TemporaryDirectory(prefix="nnasim-finetune-") as folder:
        trained = Path(folder) / "aat"
        train(spec, trained, resume=False)
        yield trained


def scoring_of(spec: SweepSpec, source: Path) -> tuple[Scoring | None, str | None]:
    """(scoring, digest of all that it reads), both None without an accuracy section.

    Raises FileError for a missing file.
    """
    accuracy = spec.accuracy
    if accuracy is None:
        return None, None
    folder = source.parent
    systems = {accuracy.system, *(spec.axes["system"].values or ())} if "system" in spec.axes else {accuracy.system}
    read = [folder / accuracy.manifest]
    for name in sorted({"aat" if system == "aat" and accuracy.finetune is None else "float" for system in systems}):
        read += [folder / accuracy.checkpoints / name / part for part in ("model.safetensors", "model.json")]
    if accuracy.finetune:
        read += [folder / accuracy.finetune.train, folder / accuracy.finetune.dev]
    digests = [files.digest(path) for path in read]
    settings = accuracy.model_dump(mode="json", exclude={"checkpoints", "manifest"})
    return Scoring(accuracy, folder.absolute()), digest_of({"files": digests, "settings": settings})
