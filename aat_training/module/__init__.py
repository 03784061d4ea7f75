"""Training of foreign models for the chip: the operations of an imported trace, batched and differentiable."""
