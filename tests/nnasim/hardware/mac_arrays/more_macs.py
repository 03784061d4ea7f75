"""By how much an array with more MACs may be slower at most: what does not fill it costs up to one step of it more."""

from nnasim.hardware.mac_array import MacArrayConfig
from nnasim.units import ceil_div


def slower_at_most(few: MacArrayConfig, many: MacArrayConfig, m: int, n: int, k: int) -> int:
    """Cycles that C[m, n] = A[m, k] @ B[k, n] may take longer on ``many``, no side of which is shorter than ``few``'s.

    Each law is a product of terms ceil(a / R) (s R + b), with a of the matrix and R of the array. For R' >= R

        ceil(a / R') (s R' + b) <= (a / R' + 1) (s R' + b) <= a s + a b / R + (s R' + b)
                                <= ceil(a / R) (s R + b) + (s R' + b)

    so a longer side costs at most one fold more, for each fold along the other side; a vector has no sides.
    """
    if many.kind == "vector":
        return 0
    (rows, cols), (old_rows, old_cols) = many.rectangle, few.rectangle
    if many.kind == "dot_product":
        # Shifting in a last group of kernels that is not full; or delivering it, row by row.
        return max(ceil_div(k, rows) * (cols - 1), m * cols) if cols > old_cols else 0
    down, across, streamed, shift = {"ws": (k, n, m, 2), "os": (m, n, k, 1), "is": (k, m, n, 2)}[many.dataflow]
    taller = shift * rows + old_cols + streamed - 2
    longer = ceil_div(across, old_cols) * taller if rows > old_rows else 0
    return longer + (ceil_div(down, rows) * (taller + cols - old_cols) if cols > old_cols else 0)
