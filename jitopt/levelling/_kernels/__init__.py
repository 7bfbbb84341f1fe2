"""Kernels of levelling, in plain Python and compiled."""
