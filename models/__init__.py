"""The mathematics: one file = one formulation = one page in the docs."""
