"""Kernels of the simulation: plain Python, and compiled by `jitopt.jit`."""
