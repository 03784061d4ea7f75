"""Explanations of a run: its critical path, what would help, why operations are on the CPU, and how sure that is."""
