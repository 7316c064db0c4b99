from collections import Counter
from itertools import product

from demo_ats.ats import people
from demo_ats.ats.accounts import Role
from demo_ats.ats.pipeline import Stage
from demo_ats.sandbox.scenarios import PREFIX, SCENARIOS

EVERYONE = people.load()


COMPANIES = {user.company.id for user in EVERYONE.users}


def test_there_are_two_companies_each_with_both_roles() -> None:
    roles = Counter((user.company.id, user.role) for user in EVERYONE.users)
    assert roles == Counter(product(COMPANIES, Role))
    assert len(COMPANIES) == 2


def test_each_company_has_enough_candidates_for_a_board() -> None:
    for company in COMPANIES:
        own = [candidate for candidate in EVERYONE.candidates if candidate.tenant == company]
        assert len(own) >= 14
        assert {candidate.stage for candidate in own} == set(Stage)


def test_an_id_is_one_person_at_one_company_or_in_the_shared_pool() -> None:
    records = Counter(candidate.id for candidate in EVERYONE.candidates)
    shared = {candidate.id for candidate in EVERYONE.candidates if candidate.shared}
    assert records == {each: len(COMPANIES) if each in shared else 1 for each in records}
    assert 0 < len(shared) < len(records)


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
