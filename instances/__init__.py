"""Instances shipped with jitopt, with their known answers and sources."""
