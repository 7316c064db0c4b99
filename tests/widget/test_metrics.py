"""What is counted when, and that documentation and dashboard know of nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.testclient import TestClient

from tests.widget.client import BEARER
from tests.widget.conftest import MakeSettings
from tests.widget.partner import Partner, Reply, completed, reply
from tests.widget.people import IDA, MARA, create_body
from tests.widget.widget_process import Clock, WidgetProcess, a_widget_process
from widget import metrics, shared_counts
from widget.app import create_app
from widget.limits import LIMITS
from widget.metrics import REGISTRY
from widget.model import Reason

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DASHBOARD = (ROOT / "deploy" / "grafana-dashboard.json").read_text()
SUFFIX = re.compile(r"_(bucket|count|sum)$")


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"candidate_widget_{name}", labels) or 0.0


class Counting:
    """How much a sample has grown since."""

    def __init__(self, name: str, **labels: str) -> None:
        self._read: Callable[[], float] = lambda: value(name, **labels)
        self._before = self._read()

    @property
    def grown(self) -> float:
        return self._read() - self._before


# Runs


async def test_a_report_counts_once_however_often_it_is_fetched(process: WidgetProcess) -> None:
    started = Counting("runs_started_total")
    ended = Counting("runs_ended_total", outcome="completed")
    times, total = Counting("report_seconds_count"), Counting("report_seconds_sum")
    process.partner.on("GET", completed())
    session = await process.presses_run()
    await process.poll(session, after=40)
    await process.poll(session, after=process.settings.report_ttl)
    assert process.partner.count("GET") == 2
    assert (started.grown, ended.grown, times.grown, total.grown) == (1, 1, 1, 40)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply("failed"), "analysis_failed"),
        (reply("canceled"), "canceled_upstream"),
        (httpx2.Response(404), "gone"),
    ],
)
async def test_a_run_that_ends_without_a_report_counts_by_why(
    process: WidgetProcess, answer: Reply, outcome: str
) -> None:
    ended = Counting("runs_ended_total", outcome=outcome)
    process.partner.on("GET", answer)
    session = await process.presses_run()
    await process.refresh(session, after=11)
    assert ended.grown == 1


async def test_a_run_that_cannot_be_started_counts_as_ended(process: WidgetProcess) -> None:
    ended = Counting("runs_ended_total", outcome="refused")
    process.partner.on("POST", httpx2.Response(422))
    await process.presses_run()
    assert ended.grown == 1


async def test_polls_count_by_where_their_answer_came_from(process: WidgetProcess) -> None:
    asked, coalesced = (
        Counting("polls_total", answered_from=source) for source in ("partner_api", "store")
    )
    process.partner.on("GET", reply())
    session = await process.presses_run()
    await process.poll(session)
    process.clock.advance(11)
    for _ in range(3):
        await process.poll(session)
    assert (asked.grown, coalesced.grown) == (1, 3)


@pytest.mark.parametrize("reason", [Reason.CANCELED, Reason.LEFT, Reason.ERASED])
async def test_cancellations_count_by_reason(process: WidgetProcess, reason: Reason) -> None:
    marked = Counting("cancellations_total", reason=reason)
    ended = Counting("runs_ended_total", outcome=reason)
    session = await process.presses_run()
    match reason:
        case Reason.CANCELED:
            await process.runs.cancel(await process.known(session))
        case Reason.ERASED:
            await process.runs.erase(IDA["id"], MARA["id"])
        case _:
            await process.sweep(after=process.settings.lease + process.settings.leave_grace + 1)
    await process.settle()
    assert (marked.grown, ended.grown) == (1, 1)


async def test_runs_under_way_are_those_in_the_store(settings: MakeSettings, clock: Clock) -> None:
    partner = Partner(clock).on("GET", completed())
    async with a_widget_process(settings(metrics_port=9464), clock, partner) as process:
        session = await process.presses_run()
        await process.sweep()
        assert value("runs_under_way") == 1
        await process.poll(session, after=11)
        await process.sweep()
        assert value("runs_under_way") == 0


async def test_a_claim_whose_owner_died_is_not_under_way(process: WidgetProcess) -> None:
    click = await process.post_under_way(await process.viewer())
    assert await process.store.count_under_way(process.clock()) == 1
    assert await process.store.count_under_way(process.clock() + 2 * LIMITS.call_seconds) == 0
    process.partner.released.set()
    await click


# Calls and requests


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply("queued"), "ok"),
        (httpx2.Response(403), "Unauthorized"),
        (httpx2.Response(429), "Unavailable"),
        (httpx2.ReadTimeout(""), "AnswerLost"),
    ],
)
async def test_calls_count_by_method_and_outcome(
    process: WidgetProcess, answer: Reply, outcome: str
) -> None:
    calls = Counting("partner_api_seconds_count", method="POST", outcome=outcome)
    process.partner.on("POST", answer)
    await process.presses_run()
    assert calls.grown == 1


@pytest.mark.threat(name="read logs")
def test_sessions_and_requests_count_by_route_and_never_by_path(settings: MakeSettings) -> None:
    sessions = Counting("sessions_opened_total")
    route = {"method": "POST", "route": "/api/v1/sessions"}
    opened = Counting("request_seconds_count", **route, status="2xx")
    refused = Counting("request_seconds_count", **route, status="4xx")
    tokens = Counting("host_tokens_refused_total")
    with TestClient(create_app(settings())) as http:
        http.post("/api/v1/sessions", headers=BEARER, json=create_body())
        http.post("/api/v1/sessions", headers=BEARER, json={})
        http.delete("/api/v1/candidates/private/private", headers={"Authorization": "Bearer x"})
        http.request("PRIVATE", "/private-path")
        http.get("/embed/private-token")
        http.get("/private-path")
    assert (sessions.grown, opened.grown, refused.grown, tokens.grown) == (1, 1, 1, 1)
    assert "private" not in str(exported()).lower()


# Several processes

COUNT_ONE = "from widget import metrics; metrics.sessions_opened.inc(); print('done', flush=True)"


@contextmanager
def a_worker(
    program: str = COUNT_ONE, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Counts one session, and lives on with what follows."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{program}; input()"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        yield process
        process.communicate(b"\n")


COUNT_LATER = "import time; time.sleep(1.1); metrics.sessions_opened.inc(2)"
COUNT_TWICE = f"{COUNT_ONE}; input(); {COUNT_LATER}; print('done', flush=True)"


def said_while_it_counts_again(worker: subprocess.Popen[bytes]) -> str:
    """What a worker with COUNT_TWICE logs."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b"\n")
    worker.stdin.flush()
    return b"".join(iter(worker.stdout.readline, b"done\n")).decode()


@pytest.fixture
def folder() -> Iterator[Path]:
    with shared_counts.of_all_workers():
        yield Path(os.environ[shared_counts.FOLDER_VARIABLE])


def counted_in(folder: Path) -> float:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry.get_sample_value("candidate_widget_sessions_opened_total") or 0.0


def test_workers_that_live_at_the_same_time_count_apart(folder: Path) -> None:
    with a_worker(COUNT_TWICE) as one, a_worker():
        assert said_while_it_counts_again(one) == ""
        assert len(list(folder.glob("counter_*.db"))) == 2
    assert counted_in(folder) == 4


def test_a_worker_that_dies_leaves_no_file_behind_that_its_successor_does_not_use(
    folder: Path,
) -> None:
    for _ in range(3):
        with a_worker() as worker:
            worker.kill()
    assert len(list(folder.glob("counter_*.db"))) == 1
    assert counted_in(folder) == 3


def test_a_folder_that_is_removed_is_made_again_and_the_counts_begin_again(folder: Path) -> None:
    """By a worker that lives on, and by one that starts."""
    with a_worker(COUNT_TWICE) as living:
        shutil.rmtree(folder)
        with a_worker():
            assert "metrics_began_again" in said_while_it_counts_again(living)
            assert len(list(folder.glob("counter_*.db"))) == 2
    assert counted_in(folder) == 3


def test_a_folder_that_cannot_be_made_again_does_not_end_the_worker(folder: Path) -> None:
    with a_worker(COUNT_TWICE) as living:
        shutil.rmtree(folder)
        folder.touch()
        assert "metrics_lost" in said_while_it_counts_again(living)


def test_a_variable_of_prometheus_that_others_set_is_no_concern_of_the_widget(
    tmp_path: Path,
) -> None:
    for path in [tmp_path, tmp_path / "missing"]:
        with a_worker(environment=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(path)}):
            assert list(tmp_path.iterdir()) == []


# Documents


def exported() -> list[Metric]:
    return list(REGISTRY.collect())


def documented_name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def names_in(text: str) -> set[str]:
    return {SUFFIX.sub("", name) for name in re.findall(r"candidate_widget_\w+", text)}


def test_the_table_of_metrics_has_all_with_their_type_and_labels() -> None:
    rows = re.findall(
        r"^\| `(candidate_widget_\w+)` \| (\w+) \| (.*?) \|", OPERATIONS, re.MULTILINE
    )
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == {
        documented_name(metric): (metric.type, set(metrics_labels(metric))) for metric in exported()
    }


def metrics_labels(metric: Metric) -> tuple[str, ...]:
    (collector,) = (
        each for each in vars(metrics).values() if getattr(each, "_name", None) == metric.name
    )
    labels: tuple[str, ...] = collector._labelnames
    return labels


def test_the_documentation_queries_metrics_that_exist() -> None:
    assert names_in(OPERATIONS) == {documented_name(metric) for metric in exported()}


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    assert names_in(DASHBOARD) == {documented_name(metric) for metric in exported()}


def test_the_dashboard_is_one_that_grafana_can_draw() -> None:
    panels = json.loads(DASHBOARD)["panels"]
    ids = [panel["id"] for panel in panels]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(ids)) == len(set(places)) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert all(
            target["expr"].count("(") == target["expr"].count(")") for target in panel["targets"]
        )


def test_every_outcome_is_there_before_it_happens() -> None:
    (ended,) = metrics.runs_ended.collect()
    outcomes = {sample.labels["outcome"] for sample in ended.samples}
    assert outcomes >= {"completed", "gone", *Reason}
