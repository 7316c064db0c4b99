"""`candidate-widget serve`, which waits less, so that a test need not wait for it."""

import sys

from widget import calls, deliveries, partner_api, runs
from widget.__main__ import main

CALL_SECONDS = 2.0
MARGIN_SECONDS = 0.5

partner_api.CALL_SECONDS = CALL_SECONDS
calls.CALL_SECONDS = runs.CALL_SECONDS = CALL_SECONDS  # type: ignore[attr-defined]
runs.CLAIM_MARGIN_SECONDS = MARGIN_SECONDS
deliveries.CLAIM_SECONDS = CALL_SECONDS
deliveries.RETRY_SECONDS = (0.1,) * 6

if __name__ == "__main__":
    sys.exit(main())
