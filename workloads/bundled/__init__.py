"""The data that come with the package, so that its demo needs neither download nor synthesiser nor training."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def speech_manifest() -> Path:
    """The manifest of the bundled speech: 150 strings of commands by six speakers (see ``speech/README.md``)."""
    return _HERE / "speech" / "manifest.jsonl"


def checkpoints_folder() -> Path:
    """The bundled recognisers: ``float/`` and ``aat/``, each with model.safetensors and model.json."""
    return _HERE / "checkpoints"
