"""The program that compares this package with the other hosts. See `__main__`."""
