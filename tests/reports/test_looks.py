"""Every kind of operation that a unit of the chip performs is drawn as something."""

from typing import get_args

from nnasim.ir.operands import OpKind
from reports.figures.style import KIND_LOOKS


def test_only_what_a_cpu_alone_can_do_is_drawn_as_other_work() -> None:
    assert set(get_args(OpKind)) - set(KIND_LOOKS) == {"host"}
