"""A measured table in Python."""

from pathlib import Path

import nnasim

TABLE = "array_size,M,k_tiles,total_cycles\n8,1,1,34\n8,4,1,74\n"


def test_each_row_has_its_prediction_and_error(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(TABLE)
    validation = nnasim.validate(tmp_path / "table.csv")
    frame = validation.frame()
    assert frame.index.name == "row"
    assert frame["simulated_cycles"].to_list() == [34, 37]
    assert frame["error_pct"].to_list() == [0, -50]
    assert validation.summary()["exact_rows"] == 1
    assert len(repr(validation).splitlines()) > 1
    validation.save(tmp_path / "out")
    assert (tmp_path / "out" / "validation.json").exists()


def test_without_a_table_the_bundled_part_is_predicted_and_drawn() -> None:
    validation = nnasim.validate()
    assert len(validation.frame()) > 50
    assert "<svg" in validation._repr_html_()
