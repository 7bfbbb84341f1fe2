"""Closed forms, exact Markov chains and approximations of lines and loops, labelled as what they are."""
