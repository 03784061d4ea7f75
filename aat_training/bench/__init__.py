"""What training costs beside the training that others offer."""
