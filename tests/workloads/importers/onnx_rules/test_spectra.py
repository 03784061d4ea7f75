"""Fourier transforms are products with cosines and sines."""

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, agree, floats, ints, operators, refused

STEP, SIZE = ints(4).reshape(()), ints(8).reshape(())


@pytest.mark.parametrize("one_sided", [0, 1])
def test_short_transforms_are_a_convolution(one_sided: int) -> None:
    signal, window = floats(1, 20, 1), np.hanning(8).astype(F)
    graph = agree("STFT", signal, STEP, window, SIZE, constants=[1, 2, 3], onesided=one_sided, folds=False)
    assert "Conv" in operators(graph)
    agree("STFT", signal, STEP, None, SIZE, constants=[1, 3], onesided=one_sided, folds=False)


def test_a_window_that_arrives_or_does_not_fit_is_refused() -> None:
    signal = floats(1, 20, 1)
    assert refused("STFT", signal, STEP, np.ones(8, F), SIZE, constants=[1, 3]) == "what arrives decides its window"
    assert "cuts (1, 20, 1) into frames" in refused("STFT", signal, STEP, np.ones(7, F), SIZE, constants=[1, 2, 3])
    assert refused("STFT", floats(1, 20, 2), STEP, np.ones(8, F), SIZE, constants=[1, 2, 3]) == (
        "takes a signal of complex numbers"
    )


@pytest.mark.parametrize(("parts", "inverse", "one_sided"), [(1, 0, 0), (1, 1, 0), (1, 0, 1), (2, 0, 0), (2, 1, 0)])
@pytest.mark.parametrize("axis", [1, 2])
def test_transforms_agree(parts: int, inverse: int, one_sided: int, axis: int) -> None:
    x, kind = floats(2, 5, 6, parts), {"inverse": inverse, "onesided": one_sided}
    agree("DFT", x, opset=17, axis=axis, folds=False, **kind)
    agree("DFT", x, None, ints(axis).reshape(()), constants=[2], opset=20, folds=False, **kind)
