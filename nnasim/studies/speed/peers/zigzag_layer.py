"""ZigZag: a workload file for one matrix product, and the call that estimates it on its own TPU-like example."""

from __future__ import annotations

from pathlib import Path

WORKLOAD = """- id: 0
  name: layer
  operator_type: Gemm
  equation: O[b][k]+=W[k][c]*I[b][c]
  loop_dims: [B, K, C]
  loop_sizes: [{m}, {n}, {k}]
  operand_precision: {{W: 8, I: 8, O: 16, O_final: 8}}
  operand_source: {{I: 0, W: 0}}
"""
# Its command line takes ONNX models only; its interface in Python takes this file. The example is in the package.
CALL = """
from pathlib import Path
import zigzag
from zigzag.api import get_hardware_performance_zigzag
example = Path(zigzag.__file__).parent / "inputs"
energy, latency, _ = get_hardware_performance_zigzag(
    "layer.yaml", str(example / "hardware/tpu_like.yaml"), str(example / "mapping/tpu_like.yaml"),
    dump_folder="results", loma_show_progress_bar=False,
)
print("latency", latency)
"""


def command(python: str, folder: Path, m: int, n: int, k: int) -> list[str]:
    """Write the workload C[m, n] = A[m, k] @ B[k, n] into ``folder``; returns what to run there."""
    (folder / "layer.yaml").write_text(WORKLOAD.format(m=m, n=n, k=k))
    return [python, "-c", CALL]
