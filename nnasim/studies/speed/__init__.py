"""The speed of nnasim itself, each figure beside the one that it is compared with."""
