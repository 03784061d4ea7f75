"""The definition of the chip's arithmetic: integers in, integers out, written once for numpy and torch.

An array may hold its integers in an integer type (numpy, exact by shifting) or in a floating type (torch while
training, exact because every value stays within the type's mantissa; ``bounds`` says when). The semantics agree with
the public TOSA operators RESCALE, TABLE, MATMUL, CONV2D, REDUCE_SUM, MUL, ADD and SUB.
"""
