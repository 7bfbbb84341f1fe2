"""Simulation: what cards, buffers and rules give when demand, work and deliveries vary."""
