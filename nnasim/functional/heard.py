"""What the inputs of an imported model hear in a functional run: steps stored with the integers, or a file of them."""

from __future__ import annotations

HEARD = "heard."  # before the name of an input tensor, in a weights file: (N, *shape) real numbers
