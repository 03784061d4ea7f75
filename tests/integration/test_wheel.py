"""`pip wheel .` makes what runs elsewhere: in a clean environment, outside the checkout, in a folder with a space."""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import nnasim

pytestmark = pytest.mark.skipif(
    find_spec("pip") is None or find_spec("setuptools") is None, reason="pip or setuptools is not installed"
)

ROOT = Path(__file__).parents[2]
PACKAGES = ("nnasim", "reports", "workloads", "aat_training")
LEFT_OUT = ("reports/studies/", "/__pycache__/")


def run(*command: str | Path, folder: Path) -> str:
    """Standard output of ``command``, run in ``folder`` with nothing of this checkout on the path."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, since setuptools leaves what it built in the tree."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel")
    run(*pip, "--quiet", "--no-build-isolation", "--no-deps", "--wheel-dir", source, source, folder=source)
    (path,) = source.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, built from a copy of all that git knows."""
    source = tmp_path_factory.mktemp("all")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    code = "from setuptools import build_meta; print(build_meta.build_sdist('dist'))"
    run(sys.executable, "-c", code, folder=source)
    (path,) = (source / "dist").glob("nnasim-*.tar.gz")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel, and sees of the one that runs the tests what nnasim depends on."""
    folder = tmp_path_factory.mktemp("elsewhere") / "a folder"
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=wheel.parent)
    python = folder / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install")
    run(*pip, "--quiet", "--no-deps", "--no-index", wheel, folder=folder)
    # A path file inside this path is not read: what is installed editable here is not seen there.
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_every_source_and_every_data_file_is_in_the_wheel(wheel: Path) -> None:
    files = {str(path.relative_to(ROOT)) for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == {name for name in files if not any(part in name for part in LEFT_OUT)}


def test_the_wheel_says_its_version_and_what_it_is(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    fields = archive.read(name).decode().partition("\n\n")[0].splitlines()
    assert f"Version: {nnasim.__version__}" in fields
    assert "License-Expression: Apache-2.0" in fields
    assert not [field for field in fields if field.startswith("Project-URL")]
    assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert {"reports/vendored/LICENSES.txt", "nnasim/py.typed"} <= set(archive.namelist())


def test_the_source_distribution_has_the_manual_and_no_tests(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CITATION.cff",
        "Makefile",
        "docs/conf.py",
        "examples/README.md",
    } <= names
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "nnasim").rglob("*.py")} <= names
    assert not [name for name in names if name.startswith(("tests/", "reports/studies/", "docs/_build/"))]


def test_the_command_runs_outside_the_checkout(environment: Path) -> None:
    command = environment / "venv" / "bin" / "nnasim"
    shape = (command, "trace", "--shape", "rnnt-paper", "--frames", "2", "--symbols", "1", "--out", "trace.json")
    run(*shape, folder=environment)
    run(command, "simulate", "trace.json", "--out", "result.json", folder=environment)
    run(command, "report", "result.json", "--out", "page.html", folder=environment)
    assert (environment / "page.html").stat().st_size > 10_000


@pytest.mark.skipif(find_spec("torch") is None, reason="compare needs torch")
def test_compare_needs_nothing_but_the_wheel(environment: Path) -> None:
    command = environment / "venv" / "bin" / "nnasim"
    assert "aat" in run(command, "compare", "--limit", "2", "--out", "compared", folder=environment)
    assert (environment / "compared" / "report.html").exists()


def test_the_front_door_is_open_where_only_the_wheel_is(environment: Path) -> None:
    code = (
        "import nnasim; chip = nnasim.preset('edge256').with_({'host.handoff_us': 35});"
        "trace = nnasim.trace('rnnt-paper', frames=2, symbols=1, chip=chip, system='aat');"
        "result = nnasim.simulate(trace, chip); print(len(result.ops()) > 5, nnasim.__file__)"
    )
    python = environment / "venv" / "bin" / "python"
    simulated, _, place = run(python, "-c", code, folder=environment).strip().partition(" ")
    assert simulated == "True"
    assert place.startswith(str(environment))
