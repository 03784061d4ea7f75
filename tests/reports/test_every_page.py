"""Whatever kind a page is, it is one offline file that a strict policy lets show itself, whole without scripts."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnasim.ir.io import write_record
from reports.sweep_page import write_sweep_page
from tests.reports.pages import KINDS, simulated, swept, write_page_of

MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_one_small_file_of_pictures_and_charts_that_needs_no_network(folder: Path, kind: str) -> None:
    page = write_page_of(kind, folder).read_text()
    assert len(page.encode()) <= MOST_BYTES
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;sha256-")
    assert "unsafe-eval" not in policy
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href|action)\s*=\s*["']?(https?:|//)""", body)
    assert not re.search(r"@import|url\((?!['\"]?(#|data:))", body)
    figures = re.findall(r'<figure data-name="([^"]+)"><svg role="img" aria-label="[^"]+"', page)
    assert figures
    assert len(figures) == page.count("<figure")
    assert set(figures) == set(re.findall(r'"figure": "([^"]+)"', page))


def test_the_page_of_a_large_sweep_is_no_larger(tmp_path: Path) -> None:
    """20,000 points, half of them on the front of three objectives."""
    stored = swept(tmp_path, "sweep of three objectives")
    random = np.random.default_rng(0)
    every = pd.concat([stored.good] * (20_000 // len(stored.good)), ignore_index=True)
    for name in stored.axes:
        every[name] = random.uniform(1e8, 1e9, len(every))
    shares = random.dirichlet([1.0] * len(stored.objectives), len(every))
    for place, name in enumerate(stored.objectives):
        every[name] = 1e10 * (shares[:, place] + 0.1 * (random.random(len(every)) < 0.5))
    every["key"] = [f"{place:064x}" for place in range(len(every))]
    stored.points = stored.good = every
    stored.total = len(every)
    write_sweep_page(tmp_path / "large.html", stored)
    assert (tmp_path / "large.html").stat().st_size <= MOST_BYTES


def test_a_stored_result_becomes_a_page_without_torch_and_simpy(folder: Path) -> None:
    write_record(folder / "result.json", simulated(4e9))
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('torch', 'simpy')));"
        "from nnasim.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "report", str(folder / "result.json"), "--out", str(folder / "without.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<svg" in (folder / "without.html").read_text()
