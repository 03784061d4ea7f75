"""Who may import whom, and what stays unloaded until it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("nnasim", "reports", "workloads", "aat_training")


def _loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after ``code``."""
    script = f"import sys; {code}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_rule_of_the_house_is_kept() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    assert not _loaded_after(f"import {package}") & {"torch", "simpy", "matplotlib", "pandas", "scipy"}


def test_a_reader_of_torch_modules_loads_torch_only_when_it_reads() -> None:
    assert "torch" not in _loaded_after("import workloads.importers.torch_reader, nnasim; nnasim.read_torch")


def test_stored_traces_are_simulated_without_torch() -> None:
    loaded = _loaded_after("import nnasim.pipeline, nnasim.hardware, nnasim.ir.io, nnasim.reference")
    assert "torch" not in loaded


def test_a_report_is_rendered_without_torch_and_simpy() -> None:
    loaded = _loaded_after("import reports.page, reports.result_set, reports.terminal, nnasim.cli.report")
    assert not loaded & {"torch", "simpy"}
