"""Measured tables of other people's hardware and tools, predicted row by row."""
