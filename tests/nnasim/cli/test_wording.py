"""What the library calls a setting, the command line calls an option."""

import pytest

from nnasim.cli.wording import as_options


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("a: exists already; use `force` to replace it", "a: exists already; use --force to replace it"),
        ("give it `numerics.weight_bits=4` `numerics.rounding=single`",
         "give it --set numerics.weight_bits=4 --set numerics.rounding=single"),
        ("declare other `states`, or say so with `states=()`", "declare other --state, or say so with --no-states"),
        ("say `period_ms` and `on_cpu`", "say --period-ms and --on-cpu"),
        ("with `chip=edge512`; column `fallback` has them", "with --preset edge512; column `fallback` has them"),
    ],
)  # fmt: skip
def test_settings_in_backquotes_become_options_and_nothing_else_does(message: str, expected: str) -> None:
    assert as_options(message) == expected
