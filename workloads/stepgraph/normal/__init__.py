"""A StepGraph with fewer, larger nodes: constants folded, layer norms, masks and LSTMs recognised."""
