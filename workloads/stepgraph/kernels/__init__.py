"""The computation of each operation of a StepGraph, in numpy, with the meaning and the float32 arithmetic of ONNX.

A kernel takes the attributes of a node, all of them written out, and its operands, None if an optional one is absent;
it gives an array, or a tuple of them if a node has several outputs. ``table.KERNELS`` holds them.
"""
