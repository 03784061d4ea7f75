"""Each lesson runs as a script, elsewhere than in the tree, and prints what its text says."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.making.lessons import lessons, notebook, quiet_kernels

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("soundfile", reason="the train extra is not installed")

HOME = Path(__file__).parents[2]
EXAMPLES = lessons()
PRINTED = {
    "01_first_chip": ["busiest: the DRAM", "infinite DRAM bandwidth", "7.5 GB/s", "weight_decoder"],
    "02_your_speech": ["150 recordings", "aat "],
    "03_why_aat": ["after 60 steps: float 0.81, 8 bits 0.00", "numerics.cell_bits", "aat: "],
    "04_pareto": ["sweep over sram.bytes, mac_array.macs_per_cycle: 20 points", "saved_ms_per_mm2"],
    "05_import": ["nvdla_small has no unit for tanh", "claim: exact", "0 of 200 integers of outputs differ"],
    "06_trust": ["batch_1           20  0.000  0.000", "on rows left out", "no row tells apart dram.efficiency"],
    "07_new_unit": ["tanh by table32: 26 different outputs of 16 bits", "must be 'lut8'", "table8: "],
}


def test_every_lesson_is_run_here() -> None:
    assert {path.stem for path in EXAMPLES} == PRINTED.keys()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_as_a_script_and_prints_what_its_text_says(example: Path, tmp_path: Path) -> None:
    if example.stem == "05_import":
        pytest.importorskip("onnx", reason="the onnx extra is not installed")
    paths = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path, env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": paths},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [words for words in PRINTED[example.stem] if words not in done.stdout] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_cells_each_with_a_text_before(example: Path) -> None:
    lines = example.read_text().splitlines()
    assert lines[0] == "# %% [markdown]"
    assert lines[1].startswith(f"# # {int(example.stem[:2])}. ")
    cells = [line for line in lines if line.startswith("# %%")]
    assert set(cells) == {"# %%", "# %% [markdown]"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_its_notebook_has_the_same_code_and_its_text_as_text(example: Path) -> None:
    cells = notebook(example.read_text())["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    texts = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
    assert all(source in example.read_text() for source in code)
    assert texts[0].startswith(f"# {int(example.stem[:2])}. ")
    assert not any(line.startswith("#  ") for text in texts for line in text.splitlines())
    links = {link for text in texts for link in re.findall(r"\]\((\w+)\.ipynb\)", text)}
    assert links <= PRINTED.keys()
    ast.parse("\n".join(code), example.name)


def test_a_lesson_warns_of_nothing_but_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("myst_nb")
    from myst_nb.core.execute import direct
    from nbformat import from_dict

    quiet_kernels()
    script = "# %%\nimport warnings\nwarnings.warn('of the lesson')"
    done = direct.single_nb_execution(from_dict(notebook(script)), cwd=str(tmp_path), timeout=60, allow_errors=False)
    assert done.err is None
    assert "of the lesson" in str(done.nb.cells[0].outputs)
    assert capfd.readouterr().err == ""
