"""`python -m research.cli` is the command `research`."""

import sys

from research.cli import main

sys.exit(main())
