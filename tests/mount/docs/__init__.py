"""The pages, the examples, what is installed, and ./dev."""
