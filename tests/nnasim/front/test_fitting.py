"""A fit in Python: from a file or a DataFrame, with traces in it."""

from pathlib import Path

import pandas as pd
import pytest

import nnasim
from nnasim.studies.speed.layer import layer_trace

CHIP = nnasim.preset("edge256")


@pytest.fixture(scope="module")
def found():
    true = CHIP.with_({"host.handoff_us": 33.0})
    traces = [layer_trace(n, 256) for n in (64, 256, 512)]
    rows = [{"trace": trace, "measured_ms": latency(trace, true)} for trace in traces]
    return nnasim.fit(pd.DataFrame(rows), CHIP.with_({"dram.efficiency": 0.7}), fields=["host.handoff_us"])


def latency(trace, chip) -> float:
    return float(nnasim.simulate(trace, chip.with_({"dram.efficiency": 0.7})).utterances()["engine_latency_ms"].iloc[0])


def test_the_chip_is_the_one_that_was_measured(found) -> None:
    assert found.chip.host.handoff_us == pytest.approx(33, rel=1e-3)
    assert list(found.frame().index) == ["host.handoff_us"]
    assert {"value", "low", "high", "unit"} <= set(found.frame().columns)
    assert found.rows()["error_pct"].abs().max() < 0.1


def test_it_is_shown_in_a_few_lines(found) -> None:
    assert "1 field from 3 rows" in repr(found)
    assert "<table>" in found._repr_html_()


def test_the_saved_preset_holds_what_was_changed_in_python_too(found, tmp_path: Path) -> None:
    found.save(tmp_path / "board.yaml")
    assert nnasim.preset(tmp_path / "board.yaml").digest() == found.chip.digest()
    with pytest.raises(nnasim.NnasimError, match="exists already"):
        found.save(tmp_path / "board.yaml")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(nnasim.NnasimError, match="must be the path of a CSV table, or a DataFrame"):
        nnasim.fit(7, fields=["host.handoff_us"])
