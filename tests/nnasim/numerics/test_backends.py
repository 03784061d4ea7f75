"""numpy and torch, int64, float64 and float32: one arithmetic. Every case of the proof runs in every type.

What a floating type cannot hold, it must refuse (NumericsError) and may not compute: float32 beyond 2^24.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from nnasim.errors import NumericsError
from nnasim.numerics.bounds import bound
from tests.nnasim.numerics.checks import torch
from tests.proof import cases, ours
from tests.proof.case import Case

Make = Callable[[np.ndarray], object]
TYPES: dict[str, Make] = {
    "numpy float64": lambda values: values.astype(np.float64),
    "numpy float32": lambda values: values.astype(np.float32),
    "numpy int32": lambda values: values.astype(np.int32),
}
if torch:
    TYPES |= {
        "torch int64": torch.from_numpy,
        "torch float64": lambda values: torch.from_numpy(values).double(),
        "torch float32": lambda values: torch.from_numpy(values).float(),
    }
CONSTANT = ("mult", "shift", "table")  # parts of a model stay numpy int64 in every type


@functools.cache
def every_case() -> list[tuple[Case, list[np.ndarray]]]:
    """Each case with its answer in numpy int64."""
    return [(case, ours.OPERATORS[case.operator](case)) for case in _cases()]


def _cases() -> Iterator[Case]:
    """The quick proof, smaller. The embedding's type is that of the array it is asked for: test_ops.py."""
    rng = np.random.default_rng(3)
    yield from (case for case in cases.operator_cases(rng, 512) if case.operator != "embedding")
    yield from cases.lstm_cases(rng, batch=2, units=6, inputs=9, steps=8)
    yield from cases.joint_cases(rng, frames=3, symbols=2, units=8, outputs=5)
    yield from cases.foreign_cases(rng, 512)


def converted(case: Case, make: Make) -> Case:
    """The case with its values (not its constants) in another library or type."""
    arrays = {key: value if key.endswith(CONSTANT) else make(value) for key, value in case.arrays.items()}
    return dataclasses.replace(case, arrays=arrays)


def holds(case: Case, name: str) -> bool:
    """Whether the type holds the operands: a caller's duty, fulfilled by ``bounds``."""
    values = [v for key, v in case.arrays.items() if not key.endswith(CONSTANT)]
    largest = max(int(np.abs(v).max()) for v in values)
    if name == "numpy int32":
        return largest < 2**31
    if not name.endswith("float32"):
        return True
    if case.operator in ("matmul", "conv"):
        p, k = case.params, case.arrays["weight"][0].size
        limit = bound("case", k, p["input_bits"], p["weight_bits"], p["accumulator_bits"], bias=case.arrays["bias"])
        return limit.float_type == "float32"
    if case.operator == "bmm":
        bits = case.params["bits"]
        return bound("case", case.arrays["a"].shape[2], bits, bits, 48).float_type == "float32"
    wide = case.params.get("numerics", {}).get("activation_bits") == 16
    return largest <= 2**24 and not wide


def outputs(case: Case, make: Make) -> list[np.ndarray] | str:
    """What the operator answers in that type, as int64, or the text of its refusal."""
    try:
        return [np.asarray(output).astype(np.int64) for output in ours.OPERATORS[case.operator](converted(case, make))]
    except NumericsError as error:
        return str(error)


@pytest.mark.parametrize("name", TYPES)
def test_every_case_gives_the_same_integers(name: str) -> None:
    compared, refused = 0, []
    for case, expected in every_case():
        if not holds(case, name):
            continue
        answer = outputs(case, TYPES[name])
        if isinstance(answer, str):
            refused.append(answer)
            continue
        for output, integers in zip(answer, expected, strict=True):
            np.testing.assert_array_equal(output, integers, err_msg=f"{case.operator}, {case.name}")
            compared += integers.size
    assert compared > 16_000
    if not name.endswith("float32"):
        assert refused == []
    assert all("float32's exact 2^24" in why for why in refused)
