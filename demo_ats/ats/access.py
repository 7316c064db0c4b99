"""Who may see which candidate. All pages and sessions get their candidate from here."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from demo_ats.ats.accounts import Accounts, User
from demo_ats.ats.pipeline import Candidate, Pipeline


class Access:
    def __init__(self, accounts: Accounts, pipeline: Pipeline) -> None:
        self._accounts = accounts
        self._pipeline = pipeline

    def user(self, request: Request) -> User:
        return self._accounts.current(request)

    def candidate(self, request: Request) -> Candidate:
        """The candidate in the path, if the user's company has a record of them.

        Raises HTTPException (404) otherwise, also for another company's candidate: a 403 would tell
        that the record exists.
        """
        tenant = self.user(request).company.id
        candidate = self._pipeline.find(tenant, request.path_params["id"])
        if candidate is None:
            raise HTTPException(404, "There is no such candidate.")
        return candidate

    def editable_candidate(self, request: Request) -> Candidate:
        """The candidate in the path, if the user may change the record too.

        Raises HTTPException: 403 if the user may not, 404 as `candidate` does.
        """
        self.user(request).must_edit()
        return self.candidate(request)
