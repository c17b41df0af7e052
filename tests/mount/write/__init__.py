"""Files are dropped, written, replaced, refused and kept: what is on the server then."""
