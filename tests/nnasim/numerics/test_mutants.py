"""The test of the tests: break the arithmetic in the ways people break it, and the suite's own checks must object."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics import backend, bounds, ops, rescale
from nnasim.numerics.activation_units import look_up
from nnasim.numerics.formats import lowest
from tests.nnasim.numerics import checks

Mutant = Callable[[pytest.MonkeyPatch], None]


def _rounding(rule: Callable[[np.ndarray], np.ndarray]) -> Mutant:
    """Every requantisation rounds by ``rule`` (a function of the real product) instead of half up."""

    def mutated(value: backend.Array, scale: rescale.Rescale, name: str = "") -> backend.Array:
        product = np.asarray(backend.cast(value, "float64")) * scale.real
        return backend.constant(rule(product), value, "float64" if backend.is_floating(value) else "int64")

    return lambda patch: patch.setattr(rescale, "rescale", mutated)


def _half_away(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def _wrap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rescale, "saturate", lambda x, bits: (x - lowest(bits)) % (1 << bits) + lowest(bits))


def _next_table_entry(patch: pytest.MonkeyPatch) -> None:
    def shifted(table: np.ndarray, index: backend.Array, like: backend.Array) -> backend.Array:
        return backend.gather(table, (index + 1).clip(0, len(table) - 1), like)

    patch.setattr(look_up, "gather", shifted)


def _float32_whatever_the_bound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bounds, "exact_type", lambda largest, name="": "float32")


def _float32_without_guard(patch: pytest.MonkeyPatch) -> None:
    _float32_whatever_the_bound(patch)
    patch.setattr(ops, "require_single_holds", lambda *_: None)


MUTANTS: dict[str, tuple[Mutant, Callable[[], None]]] = {
    "floor": (_rounding(np.floor), checks.every_tie_at_powers_of_two),
    "half even": (_rounding(np.rint), checks.every_tie_at_powers_of_two),
    "half away from zero": (_rounding(_half_away), checks.every_tie_at_powers_of_two),
    "wrap for saturate": (_wrap, checks.saturation_at_every_width),
    "table index off by one": (_next_table_entry, checks.tables_by_plain_indexing),
    "float32 whatever the bound": (_float32_whatever_the_bound, checks.sums_are_exact_where_the_bound_says_so),
    "float32 without its guard": (_float32_without_guard, checks.sums_are_exact_where_the_bound_says_so),
}


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_the_arithmetic_itself_passes(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_caught_by_its_own_check(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, check = MUTANTS[name]
    mutate(monkeypatch)
    with pytest.raises((AssertionError, NumericsError)):
        check()


@pytest.mark.parametrize("name", [name for name in MUTANTS if "float32" not in name])
def test_the_mutant_is_caught_by_the_frozen_vectors(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name][0](monkeypatch)
    with pytest.raises(AssertionError):
        checks.frozen_vectors()


def test_random_data_would_not_find_the_float32_mutant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why the check uses same-sign data: K = 2048 is beyond the bound and yet random sums come out right."""
    _float32_without_guard(monkeypatch)
    rng = np.random.default_rng(0)
    x, weight = rng.integers(-128, 128, (64, 2048)), rng.integers(-127, 128, (64, 2048))
    single = ops.matmul(x.astype(np.float32), weight.astype(np.float32))
    np.testing.assert_array_equal(single.astype(np.int64), x @ weight.T)
