"""NVDLA's convolution pipeline as events: what the MAC array waits for when operands come from external memory.

Read port -> convolution buffer -> sequencer -> MAC array -> accumulator -> output stage -> write port. Written from the
published architecture and checked against cycle counts of the register-transfer design
(docs/explanation/validation.md).
"""
