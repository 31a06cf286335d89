"""The rules, one module per group of the original's categories; each has a tuple `RULES`."""
