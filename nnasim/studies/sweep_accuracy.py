"""Word errors for a sweep: decode with a bundled or trained model, optionally trained on for each arithmetic first."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.ir.trace import System
from nnasim.numerics.config import NumericsConfig
from nnasim.sweep.job import digest_of
from nnasim.sweep.study import AccuracySpec, FineTune, StudyFile

LARGEST_FILE = 4_000_000_000


@dataclass(frozen=True)
class ModelScorer:
    """(arithmetic, system) -> word errors. Sent to workers; loads torch where it runs."""

    spec: AccuracySpec
    folder: Path

    def __call__(self, numerics: NumericsConfig, system: System) -> dict[str, Any]:
        """Decode the manifest. Raises NnasimError where the arithmetic cannot be calibrated or overflows."""
        from aat_training.checkpoint_files import checkpoint_for
        from aat_training.data.manifest import read_manifest
        from aat_training.evaluate import run_model
        from aat_training.score import score
        from aat_training.systems import load_system

        entries = read_manifest(self.folder / self.spec.manifest)[: self.spec.limit]
        checkpoint = checkpoint_for(self.folder / self.spec.checkpoints, system)
        with self._trained(checkpoint, numerics, system) as path:
            loaded, model, _ = load_system(path, system, numerics)
            return score(run_model(model, loaded, entries, system, numerics).pairs).summary()

    @contextmanager
    def _trained(self, checkpoint: Path, numerics: NumericsConfig, system: System) -> Iterator[Path]:
        """The checkpoint to score: of system aat with a budget, the float one trained on with these operators."""
        if self.spec.finetune is None or system != "aat":
            yield checkpoint
            return
        with tempfile.TemporaryDirectory(prefix="nnasim-finetune-") as folder:
            yield self._train(Path(folder) / "aat", numerics, self.spec.finetune)

    def _train(self, out: Path, numerics: NumericsConfig, budget: FineTune) -> Path:
        from aat_training.checkpoint import read_checkpoint
        from aat_training.checkpoint_files import checkpoint_for
        from aat_training.train import RunSpec, prepare_folder, train

        initial = checkpoint_for(self.folder / self.spec.checkpoints, "float")
        recipe = read_checkpoint(initial).recipe
        run = recipe.aat_run.model_copy(update={"steps": budget.steps, "seed": budget.seed})
        spec = RunSpec(
            recipe=recipe, run=run, train=(self.folder / budget.train,), dev=self.folder / budget.dev,
            arithmetic="aat", init=initial, numerics=numerics,
        )  # fmt: skip
        prepare_folder(out, resume=False, force=True)
        train(spec, out, resume=False)
        return out


def scorer_of(study: StudyFile, source: Path) -> tuple[ModelScorer | None, str | None]:
    """(scorer, digest of all that it reads), both None without an accuracy section. FileError for a missing file."""
    spec = study.accuracy
    if spec is None:
        return None, None
    folder = source.parent
    systems = {spec.system, *(study.axes["system"].values or ())} if "system" in study.axes else {spec.system}
    read = [folder / spec.manifest]
    for name in sorted({"aat" if system == "aat" and spec.finetune is None else "float" for system in systems}):
        read += [folder / spec.checkpoints / name / part for part in ("model.safetensors", "model.json")]
    if spec.finetune:
        read += [folder / spec.finetune.train, folder / spec.finetune.dev]
    digests = [hashlib.sha256(files.read_bytes(path, LARGEST_FILE)).hexdigest() for path in read]
    settings = spec.model_dump(mode="json", exclude={"checkpoints", "manifest"})
    return ModelScorer(spec, folder.resolve()), digest_of({"files": digests, "settings": settings})
