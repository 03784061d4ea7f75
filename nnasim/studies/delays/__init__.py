"""The study of words that leave sooner: what a delay penalty in training costs in words, and saves the user."""
