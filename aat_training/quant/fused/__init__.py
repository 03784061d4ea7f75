"""Optional: the point-wise half of the LSTM as one kernel of a GPU each way. The bits of its integers are PyTorch's."""
