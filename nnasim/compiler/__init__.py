"""OpTrace + NnaConfig -> programs: constraints, placement, memory, tiling, hand-offs."""

from nnasim.compiler.compile import AT_START, CompiledTrace

__all__ = ["AT_START", "CompiledTrace"]
