from demo_ats.ats import people
from demo_ats.ats.pipeline import Stage
from demo_ats.sandbox.scenarios import PREFIX, SCENARIOS

EVERYONE = people.load()


def test_there_are_two_companies_and_enough_candidates_for_a_board() -> None:
    assert len(EVERYONE.companies) == 2
    assert len(EVERYONE.candidates) >= 14
    assert {candidate.stage for candidate in EVERYONE.candidates} == set(Stage)


def test_ids_are_unique() -> None:
    assert len({candidate.id for candidate in EVERYONE.candidates}) == len(EVERYONE.candidates)


def test_every_scenario_of_the_sandbox_has_a_candidate_with_a_label() -> None:
    labelled = {candidate.id for candidate in EVERYONE.candidates if candidate.test}

    assert labelled == {f"{PREFIX}{name}" for name in SCENARIOS}


def test_cvs_are_long_enough_to_be_believed() -> None:
    lengths = [len(candidate.cv.splitlines()) for candidate in EVERYONE.candidates if candidate.cv]

    assert len(lengths) >= 20
    assert min(lengths) >= 12
    assert max(lengths) <= 40


def test_nobody_arrives_at_a_stage_before_applying() -> None:
    assert all(c.applied_at <= c.in_stage_since for c in EVERYONE.candidates)
