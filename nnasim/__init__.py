"""Co-simulator for speech on neural-network accelerators: the accelerator side. Never imports torch."""

__version__ = "0.1.0"
