"""MathOpt formulations solved by GSCIP."""
