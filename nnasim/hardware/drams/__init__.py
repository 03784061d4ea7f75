"""The models of DRAM, a file each: when the bytes of a read come."""
