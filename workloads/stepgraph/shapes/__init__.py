"""What shape and type each operator of a StepGraph gives: known before anything is computed, and nothing allocated.

A rule takes the attributes of a node, all of them written out, and its operands, None where an optional one is absent;
it gives a tensor, or a tuple of them. What does not fit raises ValueError. ``table.RULES`` holds them by operator.
"""
