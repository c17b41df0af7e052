"""What users see, through a real mount. A package, so that names may be those of tests/sandbox."""
