"""A StepGraph from a file's nodes: shapes and branches decided, states paired, every node written or refused."""
