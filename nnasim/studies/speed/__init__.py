"""The package's own speed, each figure beside what it is compared with."""
