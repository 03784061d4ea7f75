"""The chip computes: the real integers move through DRAM, SRAM and blocks at the times that the events say."""
