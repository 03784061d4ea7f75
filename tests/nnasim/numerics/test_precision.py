"""What a floating type holds, and refusals in place of silent rounding."""

from __future__ import annotations

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics.backend import constant, gather, is_floating, span, type_name, widen
from nnasim.numerics.precision import EXACT, narrow, require_exact_type, require_finite
from tests.nnasim.numerics.checks import ARRAYS, NUMPY_AND_TORCH, equal


@pytest.mark.parametrize("name", EXACT)
def test_every_integer_up_to_the_limit_is_itself_and_the_next_is_not(name: str) -> None:
    limit = EXACT[name]
    assert [int(np.array(v).astype(name)) for v in (limit - 1, limit)] == [limit - 1, limit]
    assert int(np.array(limit + 1).astype(name)) != limit + 1


def test_narrow_refuses_what_float32_would_round() -> None:
    single, wide = np.zeros(1, np.float32), np.array([2.0**24 + 2])
    with pytest.raises(NumericsError, match=r"mul: result = 16777218\.0: passes float32's exact 2\^24"):
        narrow(wide, single, 32, "mul")
    assert narrow(wide, np.zeros(1), 32, "mul")[0] == 2**24 + 2
    assert narrow(wide - 2, single, 32, "mul").dtype == np.float32


@pytest.mark.parametrize("make", ARRAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float32_and_float64_are_exact_types(make, dtype: type) -> None:
    require_exact_type(make(np.ones(1, dtype)), "layer")


@pytest.mark.parametrize("backend", ["mkldnn", "cuda"])
@pytest.mark.parametrize(("mode", "refused"), [("tf32", True), ("ieee", False)])
def test_a_mode_set_for_one_backend_alone_is_found(backend: str, mode: str, refused: bool) -> None:
    torch = pytest.importorskip("torch")
    matmul = getattr(torch.backends, backend).matmul
    before, matmul.fp32_precision = matmul.fp32_precision, mode
    try:
        if refused:
            with pytest.raises(NumericsError, match="layer: float32 matmul precision = 'tf32': must be 'highest'"):
                require_exact_type(torch.ones(1), "layer")
        else:
            require_exact_type(torch.ones(1), "layer")
    finally:
        matmul.fp32_precision = before


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_value_anywhere_is_found(bad: float, place: int) -> None:
    values = np.array([1.0, -2.0, 3.0])
    values[place] = bad
    for make in ARRAYS:
        with pytest.raises(NumericsError, match=r"enc0: weight = .*: must be finite"):
            require_finite(make(values), "enc0", "weight")


@pytest.mark.parametrize("make", NUMPY_AND_TORCH)
def test_an_array_brings_its_own_library_and_type(make) -> None:
    x = make([3, -5])
    assert span(x) == (-5, 3)
    assert span(x[:0]) == (0, 0)
    assert type_name(widen(x)) == ("float64" if is_floating(x) else "int64")
    assert type(constant(np.array([1]), x, "int64")) is type(x)
    out = gather(np.array([10, 20, 30]), constant(np.array([2, 0]), x, "int64"), x)
    equal(out, [30, 10])
    assert out.dtype == x.dtype
