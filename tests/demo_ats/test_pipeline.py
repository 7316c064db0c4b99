from datetime import timedelta

from demo_ats.ats.pipeline import Candidate, Pipeline, Stage, now

TENANT = "client-1"


def candidate(candidate_id: str, days: int, stage: Stage = Stage.APPLIED) -> Candidate:
    since = now() - timedelta(days=days)
    return Candidate(TENANT, candidate_id, "Inês", "Caldeworth", stage, since, since)


def test_the_latest_arrival_at_a_stage_comes_first() -> None:
    pipeline = Pipeline([candidate("old", 5), candidate("new", 1)])

    assert [c.id for c in pipeline.stages(TENANT)[Stage.APPLIED]] == ["new", "old"]


def test_moving_starts_the_days_in_stage_anew() -> None:
    pipeline = Pipeline([candidate("ines", 5)])
    before = pipeline.find(TENANT, "ines")
    assert before
    assert before.days_in_stage == 5

    moved = pipeline.move(before, Stage.OFFER)

    assert moved.days_in_stage == 0
    assert moved.applied_at == before.applied_at
    assert pipeline.stages(TENANT)[Stage.OFFER] == [moved]


def test_moving_to_the_same_stage_changes_nothing() -> None:
    ines = candidate("ines", 5)

    assert Pipeline([ines]).move(ines, Stage.APPLIED) is ines


def test_the_newest_note_comes_first() -> None:
    pipeline = Pipeline([ines := candidate("ines", 5)])

    noted = pipeline.add_note(pipeline.add_note(ines, "Nadia", "first"), "Nadia", "second")

    assert [note.text for note in noted.notes] == ["second", "first"]
