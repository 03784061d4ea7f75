"""Accelerator-aware training: the chip's operators in the forward pass, their gradients in the backward pass."""
