"""Fields of resources as files, and as attributes."""
