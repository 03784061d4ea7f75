"""The cost of training compared with that of other libraries."""
