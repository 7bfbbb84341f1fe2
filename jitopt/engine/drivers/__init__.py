"""Drivers: how one technology solves a formulation inside a worker process."""
