"""Programs that people use: editors, scanners, shells, copying and archiving."""
