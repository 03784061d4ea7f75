"""SCALE-Sim: the inputs of its command line for one matrix product."""

from __future__ import annotations

from pathlib import Path

CONFIG = """[general]
run_name = layer
[architecture_presets]
ArrayHeight = 32
ArrayWidth = 32
IfmapSramSzkB = 64
FilterSramSzkB = 64
OfmapSramSzkB = 64
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = os
ReadRequestBuffer = 32
WriteRequestBuffer = 32
[layout]
IfmapCustomLayout = False
IfmapSRAMBankBandwidth = 10
IfmapSRAMBankNum = 10
IfmapSRAMBankPort = 2
FilterCustomLayout = False
FilterSRAMBankBandwidth = 10
FilterSRAMBankNum = 10
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = false
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
"""
LAYOUT_COLUMNS = 20


def command(python: str, folder: Path, m: int, n: int, k: int) -> list[str]:
    """Write the inputs for C[m, n] = A[m, k] @ B[k, n] into ``folder``; returns what to run there."""
    (folder / "layer.cfg").write_text(CONFIG)
    (folder / "layer.csv").write_text(f"Layer,M,N,K,\nlayer,{m},{n},{k},\n")
    header = ",".join(["Layer", *(f"factor {index}" for index in range(LAYOUT_COLUMNS))])
    (folder / "layout.csv").write_text(f"{header},\n{','.join(['layer', *['1'] * LAYOUT_COLUMNS])},\n")
    files = ["-c", "layer.cfg", "-t", "layer.csv", "-l", "layout.csv"]
    return [python, "-m", "scalesim.scale", *files, "-i", "gemm", "-p", "results"]
