"""Run the command line by `python -m jitopt.cli`."""

import sys

from jitopt.cli import main

sys.exit(main())
