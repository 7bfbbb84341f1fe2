"""Fast plans and starts: one file per decision and idea, plain kernels with compiled twins."""
