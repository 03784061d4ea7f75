"""Where training computes."""

from __future__ import annotations

from typing import Literal

import torch

from nnasim.errors import ConfigError


def refuse_absent(device: Literal["cpu", "cuda"]) -> None:
    """ConfigError for a device that is not there, or on which exact training is not known to be exact."""
    if device == "cpu":
        return
    if not torch.cuda.is_available():
        raise ConfigError("device", "", device, "is not there: torch finds no CUDA device on this machine; must be cpu")
    why = "must be cpu: that a GPU computes the same integers is untested, so this version does not train there"
    raise ConfigError("device", "", device, why)
