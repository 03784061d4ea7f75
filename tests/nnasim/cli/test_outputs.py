"""A command writes no two outputs to one file, and none over what it reads, whatever --force says."""

from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

from nnasim.ir.io import write_record
from tests.attack import refused
from tests.nnasim.cli.test_compare_results import TINY
from tests.workloads.small_onnx import streaming
from workloads.rnnt.builder import build_trace

IMPORT = "import model.onnx --period-ms 10"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Everything that is there, by name."""
    monkeypatch.chdir(tmp_path)
    streaming(Path("model.onnx"))
    write_record(Path("trace.json"), build_trace(TINY, 3, 1, system="aat"))
    Path("calls.csv").write_text("time_s,graph\n0.01,model\n")
    Path("chip.yaml").write_text("extends: edge256\n")
    Path("shape.yaml").write_text("frame_ms: 40\n")
    Path("link.json").symlink_to("trace.json")
    return held()


def held() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path().iterdir()}


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (f"{IMPORT} --out model.onnx", "--out = 'model.onnx': is read by this command"),
        ("import model.onnx --calls calls.csv --out calls.csv", "--out = 'calls.csv': is read by this command"),
        (f"{IMPORT} --calibrate steps.npz --out steps.npz", "--out = 'steps.npz': is read by this command"),
        (f"{IMPORT} --preset chip.yaml --out chip.yaml", "--out = 'chip.yaml': is read by this command"),
        (f"{IMPORT} --out a.json --ledger a.json", "--ledger = 'a.json': is written by --out already"),
        (f"{IMPORT} --out a.json --json ./a.json", "--json = 'a.json': is written by --out already"),
        (f"{IMPORT} --out a.json --calibrate s.npz --ledger a.json.safetensors", "written by --ledger already"),
        ("simulate trace.json --out trace.json", "--out = 'trace.json': is read by this command"),
        ("simulate trace.json --out link.json", "--out = 'link.json': is read by this command"),
        ("simulate trace.json --out a.json --perfetto a.json", "--perfetto = 'a.json': is written by --out already"),
        ("simulate trace.json --streams 2 --out trace.json", "--out = 'trace.json': is read by this command"),
        ("explain trace.json --out trace.json", "--out = 'trace.json': is read by this command"),
        ("explain trace.json --markdown trace.json", "--markdown = 'trace.json': is read by this command"),
        ("diff trace.json trace.json --json trace.json", "--json = 'trace.json': is read by this command"),
        ("trace --from trace.json --out trace.json", "--out = 'trace.json': is read by this command"),
        ("trace --shape shape.yaml --out shape.yaml", "--out = 'shape.yaml': is read by this command"),
    ],
)
def test_such_outputs_are_refused_and_nothing_is_lost(command: str, named: str, files: dict[str, bytes]) -> None:
    assert named in refused(*command.split(), "--force")
    assert held() == files
