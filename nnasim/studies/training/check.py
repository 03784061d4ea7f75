"""Faults of a training study, reported before hours of training."""

from __future__ import annotations

from aat_training.data.check import check_files
from aat_training.data.manifest import read_manifest
from aat_training.recipes import load_recipe
from aat_training.resume import refuse_other_finished
from nnasim.errors import ConfigError
from nnasim.studies.training.finished import refuse_other_base_steps
from nnasim.studies.training.plan import CHIPS, NumericsStudy


def check(study: NumericsStudy) -> None:
    """Refuse what the first run would refuse, and finished arms that were trained otherwise.

    A base may come from elsewhere, trained longer or in stages, where its steps are not asked for.

    Raises ConfigError, ManifestError, CheckpointError or FileError.
    """
    for name in study.chips:
        if name not in CHIPS:
            raise ConfigError("chip", "name", name, f"must be one of {', '.join(CHIPS)}")
    load_recipe(study.recipe)
    for manifest in (*study.train, study.dev, *([study.choose] if study.choose else [])):
        check_files(read_manifest(manifest))
    refuse_other_base_steps(study.base_steps, [study.folder / base.name for base in study.bases()])
    for model in study.arms():
        if study.finished(model):
            refuse_other_finished(study.run_spec(model), study.folder / model.name)
