"""From a file's nodes to a StepGraph: shapes and branches decided, states paired, every node written or refused."""
