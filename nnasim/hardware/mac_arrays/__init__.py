"""The families of MAC array, one per file: the time of a tile, and the limits that compiler and roofline need."""
