"""Optional: the point-wise half of the LSTM in C, built when first used. The bits are PyTorch's."""
