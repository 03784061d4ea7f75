"""The families of MAC array, a file each: how long a tile takes, and what else the compiler and the bound ask for."""
