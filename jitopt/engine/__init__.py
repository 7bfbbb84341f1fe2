"""The engine: budget, workers, receipts, verification, result."""
