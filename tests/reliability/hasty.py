"""`candidate-widget serve`, whose claims lapse sooner, so that a test need not wait for it."""

import sys

from widget import calls, partner_api, runs
from widget.__main__ import main

CALL_SECONDS = 2.0
MARGIN_SECONDS = 0.5

partner_api.CALL_SECONDS = CALL_SECONDS
calls.CALL_SECONDS = runs.CALL_SECONDS = CALL_SECONDS  # type: ignore[attr-defined]
runs.CLAIM_MARGIN_SECONDS = MARGIN_SECONDS

if __name__ == "__main__":
    sys.exit(main())
