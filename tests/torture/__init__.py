"""./dev torture: nothing lost, nothing doubled, whatever dies. main.py runs it."""
