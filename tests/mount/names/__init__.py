"""What a name means, what a listing shows, and what a rename is."""
