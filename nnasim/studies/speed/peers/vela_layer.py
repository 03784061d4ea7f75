"""Vela: a model of one fully connected layer, and the command that compiles and estimates it."""

from __future__ import annotations

import subprocess
from pathlib import Path

MAKER = Path(__file__).with_name("vela_model.py")


def command(python: str, folder: Path, m: int, n: int, k: int) -> list[str]:
    """Write the model of C[1, n] = A[1, k] @ B[k, n] into ``folder``; returns what to run there.

    Raises subprocess.CalledProcessError if the model cannot be made, ValueError for ``m`` other than 1.
    """
    if m != 1:
        raise ValueError(f"m = {m}: the model is a fully connected layer of one row")
    subprocess.run([python, str(MAKER), "layer.tflite", str(n), str(k)], cwd=folder, check=True, capture_output=True)
    return [python, "-m", "ethosu.vela", "layer.tflite", "--accelerator-config", "ethos-u65-256", "--output-dir", "out"]
