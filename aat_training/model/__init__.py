"""The streaming RNN-T: its parameters, and the arithmetics that can run them."""
