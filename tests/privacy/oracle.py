"""Cross-check of subset selection. Reads JSON lines {"cells", "size", "epsilon", "threshold",
"realised"} and prints one JSON line of differences for each.

The oracle is OpenDP where it applies: `make_randomized_response` is subset selection of size 1 (it
chooses each other category with equal probability), and its privacy map gives the epsilon of a
probability. For other sizes the formula is evaluated again here, in 60 decimal digits.
"""

import json
import sys
from decimal import Decimal, getcontext

getcontext().prec = 60
RANGE = Decimal(2) ** 48

try:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    VERSION = dp.__version__ if hasattr(dp, "__version__") else "installed"
except ImportError:
    dp = None
    VERSION = None

for line in sys.stdin:
    case = json.loads(line)
    cells, size, threshold = (Decimal(case[key]) for key in ("cells", "size", "threshold"))
    ratio = threshold / (RANGE - threshold) * (cells - size) / size
    result = {"decimal": abs(float(ratio.ln()) - case["realised"]), "opendp": None}
    if dp is not None and size == 1:
        measurement = dp.m.make_randomized_response(
            list(range(int(cells))), float(threshold / RANGE)
        )
        result["opendp"] = abs(measurement.map(1) - case["realised"])
        draws = 2000
        kept = sum(measurement(0) == 0 for _ in range(draws))
        result["z"] = abs(kept / draws - float(threshold / RANGE)) / (0.25 / draws) ** 0.5
    print(json.dumps({**result, "version": VERSION}))
