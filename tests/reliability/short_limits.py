"""`candidate-widget serve`, which waits less, so that a test need not wait for it."""

import sys

from widget import deliveries
from widget.__main__ import main
from widget.limits import Limits

LIMITS = Limits(call_seconds=2.0, claim_margin_seconds=0.5)

deliveries.CLAIM_SECONDS = LIMITS.call_seconds
deliveries.RETRY_SECONDS = (0.1,) * 6

if __name__ == "__main__":
    sys.exit(main(limits=LIMITS))
