"""Which models of a delay study's folder are taken, and which are refused before hours of training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from nnasim.errors import NnasimError
from nnasim.studies.delays.models import check
from nnasim.studies.delays.plan import DelayStudy
from workloads.bundled import checkpoints_folder, speech_manifest


def _study(folder: Path, *models: str) -> DelayStudy:
    for model in models:
        shutil.copytree(checkpoints_folder() / "float", folder / model)
    return DelayStudy("commands", (speech_manifest(),), speech_manifest(), folder, seeds=1)


def test_a_base_may_come_from_elsewhere(tmp_path: Path) -> None:
    check(_study(tmp_path, "seed-0/base"))


def test_an_arm_that_was_trained_otherwise_is_refused_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(NnasimError, match=r"float-delay-0\.0/model\.json: .*steps = "):
        check(_study(tmp_path, "seed-0/base", "seed-0/float-delay-0.0"))
