"""ONNX's operators in the vocabulary of a StepGraph: a rule for each, whatever the version of its operator set.

A rule writes nodes and returns their values. Values that follow from constants are computed as they are written, so
that the same rules serve shapes and data. None of them imports onnx. ``table.RULES`` holds them by operator.
"""
