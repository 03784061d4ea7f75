"""The study of training itself: float, naive, ordinary QAT and accelerator-aware training at equal steps."""
