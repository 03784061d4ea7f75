"""The shape and type of each operator's result in a StepGraph: known before anything is computed or allocated.

A rule takes the attributes of a node, all of them written out, and its operands, None if an optional one is absent; it
gives a tensor, or a tuple of them. Operands that do not fit raise ValueError. ``table.RULES`` holds them by operator.
"""
