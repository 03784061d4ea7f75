"""The seeds: one small whole file of every kind that nnasim reads."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all seeds. Tests leave it as it is, or bring it back."""
    for name in ("torch", "onnx", "tflite", "optuna"):
        pytest.importorskip(name, reason=f"{name} is not installed")
    from tests.fuzz.seeds import make_seeds

    folder = tmp_path_factory.mktemp("seeds")
    make_seeds(folder)
    return folder
