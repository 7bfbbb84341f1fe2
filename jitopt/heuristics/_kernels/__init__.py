"""Kernels: flat arrays in, flat arrays out. Plain Python here; `jitopt.heuristics.jit` compiles the twin."""
