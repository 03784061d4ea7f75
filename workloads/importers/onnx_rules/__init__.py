"""What ONNX's operators are in the vocabulary of a StepGraph: a rule for each, whatever the version of its set.

A rule writes nodes and returns the values that they give; what constants decide is computed as it is written, so the
same rules serve shapes and data. None of them imports onnx. ``table.RULES`` holds them by operator.
"""
