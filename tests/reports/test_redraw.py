"""Studies that came with the package are drawn again from their records alone."""

import json
from pathlib import Path

import pytest

from reports.redraw import main

STUDIES = Path(__file__).parents[2] / "reports" / "studies"


@pytest.mark.parametrize("study", ["delays/digits", "numerics/an4-second-stage"])
def test_a_study_is_drawn_as_it_stands(study: str, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_bytes((STUDIES / study / "study.json").read_bytes())
    main([str(tmp_path)])
    made = [path.name for path in tmp_path.iterdir() if path.suffix in (".csv", ".md")]  # no library's drawing
    assert made
    for name in made:
        assert (tmp_path / name).read_bytes() == (STUDIES / study / name).read_bytes(), name


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"kind": "nnasim.result"},
        {"kind": "nnasim.delay_study"},
        {"kind": "nnasim.numerics_study", "rows": 5},
    ],
)
def test_a_folder_without_a_study_is_one_line(
    record: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if record is not None:
        (tmp_path / "study.json").write_text(json.dumps(record))
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path)])
    assert end.value.code == 2
    assert str(tmp_path / "study.json") in capsys.readouterr().err
