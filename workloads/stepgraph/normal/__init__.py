"""From a StepGraph to fewer, larger nodes: constants folded, layer norms, masks and LSTMs recognised."""
