"""Parts by name: ours and those of installed packages come in by one door, and what is none of them is refused."""

from pathlib import Path
from typing import Any

import pytest

from nnasim.plugins import Plugins
from tests.nnasim.installed import install

OURS = {"decimal": "decimal:Decimal", "fraction": "fractions:Fraction"}


def numbers(needs: tuple[str, ...] = ()) -> Plugins[Any]:
    return Plugins("test.numbers", OURS, needs)


def test_a_part_of_ours_is_imported_by_name() -> None:
    assert numbers().get("fraction").__name__ == "Fraction"
    assert numbers().origin("fraction") == "nnasim"


def test_a_part_of_an_installed_package_is_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "thirds", "class Third: ...\n", {"test.numbers": "third = Third"}))
    parts = numbers()
    assert parts.names == ["decimal", "fraction", "third"]
    assert parts.get("third").__name__ == "Third"
    assert (parts.added("third"), parts.added("decimal")) == (True, False)
    assert parts.origin("third") == "thirds 1.2"


def test_no_package_takes_a_name_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "taker", "class Mine: ...\n", {"test.numbers": "decimal = Mine"}))
    assert numbers().get("decimal").__name__ == "Decimal"
    assert numbers().names == ["decimal", "fraction"]


@pytest.mark.parametrize("name", ["thrid", "", 3, None])
def test_a_name_that_nobody_gave_is_refused_with_all_that_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: object
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "fifths", "class Fifth: ...\n", {"test.numbers": "fifth = Fifth"}))
    with pytest.raises(ValueError, match="must be 'decimal', 'fraction' or 'fifth'"):
        numbers().known(name)


def test_a_name_can_be_checked_before_its_part_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path, "lazy", "1 / 0\n", {"test.numbers": "lazy = Lazy"}))
    assert numbers().listed("lazy") == "lazy"
    with pytest.raises(ValueError, match="must be 'decimal', 'fraction' or 'lazy'"):
        numbers().listed("lazier")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0\n", r"broken of test\.numbers \(broken\d+ 1\.2\) cannot be loaded: ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", r"broken of test\.numbers \(broken\d+ 1\.2\) cannot be loaded: SystemExit\(3\)"),
        (
            "import no_such_module\n",
            r"broken of test\.numbers \(broken\d+ 1\.2\) cannot be loaded: ModuleNotFoundError",
        ),
        ("Broken = 3.5\n", "which has no limit_denominator"),
        ("Other = 1\n", r"broken of test\.numbers \(broken\d+ 1\.2\) cannot be loaded: AttributeError"),
        ("class Broken: ...\n", "which has no limit_denominator"),
    ],
)
def test_a_part_that_is_broken_names_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    package = f"broken{abs(hash(code))}"
    monkeypatch.syspath_prepend(install(tmp_path, package, code, {"test.numbers": "broken = Broken"}))
    with pytest.raises(ValueError, match=why):
        numbers(("limit_denominator",)).get("broken")
