"""Functional runs: the real integers move through DRAM, SRAM and blocks at the times of the simulated events."""
