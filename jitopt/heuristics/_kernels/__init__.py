"""Kernels: flat arrays in, flat arrays out. Plain Python here; `jitopt.jit` compiles the twin."""
