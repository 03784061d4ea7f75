"""The pages that are made of the program itself, each time the site is built."""
