"""What each operator of a StepGraph computes, in numpy, with the meaning and the float32 arithmetic of ONNX.

A kernel takes the attributes of a node, all of them written out, and its operands, None where an optional one is
absent; it gives an array, or a tuple of them where a node has several outputs. ``table.KERNELS`` holds them.
"""
