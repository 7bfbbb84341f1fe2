"""From the tables of a plant to its whole plan: reading, demand analysis, the chain of decisions, reports."""
