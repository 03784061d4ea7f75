"""What a package outside of nnasim adds by entry points, and how a test installs it for itself alone."""
