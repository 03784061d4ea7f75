"""Run by ``test_fused.py``: compile every form of the kernels for GPUs that this machine has not, and print their code.

``python -m tests.aat_training.quant.compiled_for_gpus``: one line for each, with the number of fused multiply-adds.
"""

from __future__ import annotations

import re

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from aat_training.quant.fused import kernels

REALS = "gate_values gate_slopes cell_values cell_slopes cell_states h"
KEPT = "gates slopes c_kept tc c_slopes c_inside"
TYPES = {
    **dict.fromkeys(f"{REALS} {KEPT} before dh dc dz".split(), "*fp32"), "gx": "*i32", "c": "*fp64", "h_int8": "*i8",
    **dict.fromkeys(["mult", "shift", "scales"], "*i64"), **dict.fromkeys(["cells", "units", "padded"], "i32"),
    **dict.fromkeys(["sigmoid_top", "tanh_top"], "fp32"),
}  # fmt: skip
ACCUMULATORS = "*i32", "*fp32", "*fp64"


def code(name: str, capability: int, constants: dict[str, object], **types: str) -> str:
    """PTX of a kernel; the cubin behind it is assembled too."""
    kernel = getattr(kernels, name)
    signature = {each: "constexpr" if each in constants else {**TYPES, **types}[each] for each in kernel.arg_names}
    source = ASTSource(kernel, signature, constexprs=constants)
    compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"enable_fp_fusion": False})
    assert compiled.asm["cubin"]
    return str(compiled.asm["ptx"])


def main() -> None:
    """Compile and count."""
    for capability in (80, 90):
        for number, acc in enumerate(ACCUMULATORS):
            kept, double = number != 1, number == 2
            constants = {"keep": kept, "narrow": kept, "double": double, "block": kernels.BLOCK}
            unused = {} if kept else dict.fromkeys(["h_int8", *KEPT.split()])
            ptx = code("forward_kernel", capability, {**constants, **unused}, acc=acc)
            print(f"forward {capability} {acc}: {len(re.findall('fma', ptx))}")
        ptx = code("backward_kernel", capability, {"block": kernels.BLOCK})
        print(f"backward {capability}: {len(re.findall('fma', ptx))}")


if __name__ == "__main__":
    main()
