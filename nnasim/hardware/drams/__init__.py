"""The models of DRAM, one per file: when the bytes of a read arrive."""
