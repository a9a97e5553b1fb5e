"""The attack on the program as a part of it: hostile and careless input, kills at random moments.

`ROBUSTNESS_SCALE` (default 1) multiplies the numbers of cases; `make fuzz` sets it.
"""

import os

SCALE = int(os.environ.get("ROBUSTNESS_SCALE", "1"))
