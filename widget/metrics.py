"""Metrics for Prometheus. All label values come from fixed sets, so none can name a person."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

from widget import shared_counts
from widget.events import GONE
from widget.model import ENDED, Phase, Reason, Run

LOOPBACK = "127.0.0.1"

LOST_BECAUSE = shared_counts.prepare()  # why this process's metrics are not served, or None
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()

sessions_opened = Counter(
    "candidate_widget_sessions_opened",
    "Embed sessions opened by the ATS backend.",
    registry=REGISTRY,
)
host_tokens_refused = Counter(
    "candidate_widget_host_tokens_refused",
    "Requests to the host API without a host token that is known.",
    registry=REGISTRY,
)
runs_started = Counter(
    "candidate_widget_runs_started",
    "Runs started by a click that won its claim.",
    registry=REGISTRY,
)
runs_ended = Counter(
    "candidate_widget_runs_ended",
    "Runs that have ended, by outcome: completed, or why not.",
    ["outcome"],
    registry=REGISTRY,
)
runs_under_way = Gauge(
    "candidate_widget_runs_under_way",
    "Runs under way in the database, whichever process started them.",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
report_seconds = Histogram(
    "candidate_widget_report_seconds",
    "Time from the click to the report.",
    buckets=(1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600),
    registry=REGISTRY,
)
polls = Counter(
    "candidate_widget_polls",
    "Polls of browsers on a run under way, by where the answer came from.",
    ["answered_from"],
    registry=REGISTRY,
)
cancellations = Counter(
    "candidate_widget_cancellations",
    "Runs marked for cancellation, by reason.",
    ["reason"],
    registry=REGISTRY,
)
sweeps = Counter(
    "candidate_widget_sweeps",
    "Rounds of the sweeper that went through.",
    registry=REGISTRY,
)
event_deliveries = Counter(
    "candidate_widget_event_deliveries",
    "Attempts to deliver an event to the ATS, by outcome; dropped: given up after three days.",
    ["outcome"],
    registry=REGISTRY,
)
events_waiting = Gauge(
    "candidate_widget_events_waiting",
    "Events in the database that have not been delivered yet, whichever process wrote them.",
    registry=REGISTRY,
    multiprocess_mode="mostrecent",
)
partner_api_seconds = Histogram(
    "candidate_widget_partner_api_seconds",
    "Calls to the Partner API, by method and outcome.",
    ["method", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
    registry=REGISTRY,
)
request_seconds = Histogram(
    "candidate_widget_request_seconds",
    "Requests answered, by method, route and class of status.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
    registry=REGISTRY,
)

COMPLETED = "completed"


def _begin_at_zero() -> None:
    """Creates every label value at 0.

    Prometheus would otherwise first see a counter at 1, and not count that as an increase.
    """
    for outcome in [COMPLETED, GONE, *Reason]:
        runs_ended.labels(outcome)
    for source in ["partner_api", "store"]:
        polls.labels(source)
    for reason in [Reason.CANCELED, Reason.LEFT, Reason.TIMED_OUT, Reason.ERASED]:
        cancellations.labels(reason)
    for outcome in ["delivered", "failed", "dropped"]:
        event_deliveries.labels(outcome)


_begin_at_zero()


def count_end(run: Run, phase: Phase, reason: Reason | None, now: float) -> None:
    """Counts the end of a run. `run` is as it was before: a report fetched again does not count."""
    if run.ended or phase not in ENDED:
        return
    runs_ended.labels(reason or phase).inc()
    if phase is Phase.COMPLETED:
        report_seconds.observe(now - run.started_at)


def serve(port: int, registry: CollectorRegistry = REGISTRY) -> None:
    """Serves the metrics, in a thread. Raises OSError if the port is taken."""
    start_http_server(port, LOOPBACK, registry)
