"""The page about adding parts shows the packages that are tested here, to the letter."""

from pathlib import Path

import pytest

from tests.nnasim.plugins.conftest import POINTS

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "adding.md").read_text()


@pytest.mark.parametrize("package", POINTS)
def test_the_page_shows_the_package_that_runs(package: str) -> None:
    code = (Path(__file__).parent / f"{package}.py").read_text()
    assert f"```python\n{code}```" in PAGE
    ((group, point),) = POINTS[package].items()
    name, _, part = point.partition(" = ")
    assert f'```toml\n[project.entry-points."{group}"]\n{name} = "{package}:{part}"\n```' in PAGE
