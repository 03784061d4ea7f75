from pathlib import Path

import pytest

from tests.nnasim.installed import install

POINTS = {
    "outer_product": {"nnasim.mac_arrays": "outer_product = OuterProductArray"},
    "refreshing": {"nnasim.drams": "refreshing = RefreshingDram"},
    "energy_delay": {"nnasim.objectives": "energy_delay = ENERGY_DELAY"},
}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder in which the packages of this folder are installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    for package, points in POINTS.items():
        install(folder, package, (Path(__file__).parent / f"{package}.py").read_text(), points)
    return folder


@pytest.fixture
def installed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages of this folder, where this process finds them."""
    monkeypatch.syspath_prepend(packages)
