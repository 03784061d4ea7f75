"""The numerics section: what the contract forbids is refused by name, and equal sections have equal digests."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nnasim.numerics.config import NumericsConfig


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"accumulator_bits": 48, "multiplier_bits": 31}, "multiplier_bits"),
        ({"activation_bits": 16}, "accumulator_bits"),
        ({"activation_range": float("nan")}, "activation_range"),
        ({"activation_range": 0.0}, "activation_range"),
        ({"activation": "gelu"}, "activation"),
        ({"weight_bits": 7}, "weight_bits"),
        ({"cell_bits": 12}, "cell_bits"),
        ({"overflow": "ignore"}, "overflow"),
        ({"colour": 1}, "colour"),
    ],
)
def test_a_forbidden_format_names_its_field(settings: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        NumericsConfig.model_validate(settings)


def test_the_default_is_the_harsh_chip() -> None:
    config = NumericsConfig()
    assert (config.activation, config.cell_bits, config.weight_bits, config.multiplier_bits) == ("lut8", 8, 8, 15)


def test_digests_tell_sections_apart() -> None:
    digests = {NumericsConfig(cell_bits=bits, activation=kind).digest() for bits in (8, 16) for kind in ("lut8", "pwl")}
    assert len(digests) == 4
    assert NumericsConfig().digest() == NumericsConfig.model_validate({"activation": "lut8"}).digest()


@pytest.mark.parametrize(
    ("activation", "digest"),
    [
        ("lut8", "3ef2a746a2aefbba"),
        ("lut16", "f4c4cef98fa63fb3"),
        ("pwl", "e79b5b9b77b36a60"),
        ("plan", "70c502943030c128"),
        ("hard", "fbd888c1f2f312f6"),
        ("none", "57665046cdfecc89"),
    ],
)
def test_the_digest_of_an_arithmetic_stays(activation: str, digest: str) -> None:
    """Stored results and accuracies are joined by it."""
    assert NumericsConfig(activation=activation, multiplier_bits=31, rounding="double").digest() == digest
