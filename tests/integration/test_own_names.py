"""A user's own `reports`, `workloads` or `aat_training` in the working folder breaks nothing."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).parent / "nnasim"
PROGRAMS = [
    pytest.param([sys.executable, "-m", "nnasim"], id="python -m nnasim"),
    pytest.param(
        [str(SCRIPT)], id="nnasim", marks=pytest.mark.skipif(not SCRIPT.exists(), reason="nnasim is not installed")
    ),
]
SHAPE = (
    "name: tiny\ninput_features: 16\nframe_ms: 30\nencoder_units: 32\nencoder_before: 1\nembedding: 8\n"
    "prediction_units: 16\nprediction_layers: 1\njoint_units: 16\noutputs: 9\n"
)
SWEEP = """{"base": "edge256", "traces": ["trace.json"], "objectives": ["rtf"],
"axes": {"host.handoff_us": {"list": [5, 10]}}}"""


@pytest.fixture
def users_folder(tmp_path: Path) -> Path:
    """A folder in which all three names are taken, by modules that must not be run."""
    for name in ("reports/__init__.py", "aat_training/__init__.py", "workloads.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise RuntimeError('the module of the user')\n")
    (tmp_path / "shape.yaml").write_text(SHAPE)
    (tmp_path / "study.yaml").write_text(SWEEP)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in ``folder`` with this nnasim on the path, as an installed one is: behind the folder."""
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_commands_run_where_a_users_own_packages_have_our_names(program: list[str], users_folder: Path) -> None:
    for words in (
        "trace --shape shape.yaml --frames 4 --symbols 1 --out trace.json",
        "simulate trace.json --out result.json",
        "report result.json --out page.html",
        "sweep study.yaml --store store --jobs 2",
        *(["compare --limit 1 --systems float --out compared"] if find_spec("torch") else []),
    ):
        done = run([*program, *words.split()], users_folder)
        assert done.returncode == 0, done.stderr


def test_python_finds_ours_too(users_folder: Path) -> None:
    code = (
        "import nnasim; chip = nnasim.preset('edge256');"
        "result = nnasim.simulate(nnasim.trace('shape.yaml', frames=4, symbols=1, chip=chip), chip);"
        "import reports; print(len(result._repr_html_()) > 1000, reports.__file__)"
    )
    done = run([sys.executable, "-c", code], users_folder)
    assert done.stdout.split() == ["True", str(ROOT / "reports" / "__init__.py")], done.stderr


def test_importing_nnasim_alone_takes_no_name_from_the_user(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text("OWN = True")
    done = run([sys.executable, "-c", "import nnasim, reports; print(reports.OWN)"], tmp_path)
    assert done.stdout == "True\n", done.stderr


def test_a_module_of_the_user_that_was_imported_before_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text("")
    code = "import reports, nnasim.sweeps\ntry:\n import nnasim.studies\nexcept Exception as error: print(error)"
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.stdout == (
        f"reports was imported from {tmp_path}/reports.py, and nnasim has a package of that name: "
        "rename that module, or put it into a package of yours\n"
    ), done.stderr
