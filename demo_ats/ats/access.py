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

        For another company's candidate the answer is also 404, so that nobody learns that the
        record exists. Raises HTTPException.
        """
        tenant = self.user(request).company.id
        candidate = self._pipeline.find(tenant, request.path_params["id"])
        if candidate is None:
            raise HTTPException(404, "There is no such candidate.")
        return candidate

    def editable_candidate(self, request: Request) -> Candidate:
        """The same, if the user may also change the record. Raises HTTPException."""
        self.user(request).must_edit()
        return self.candidate(request)
