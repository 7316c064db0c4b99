"""The client companies that use the ATS, and which of them a browser acts for."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.forms import local_path, text

COOKIE = "client_company"


@dataclass(frozen=True)
class Company:
    """A recruiting firm, billed for the reports that its recruiter runs."""

    id: str
    name: str
    recruiter_first_name: str
    recruiter_last_name: str

    @property
    def recruiter(self) -> str:
        return f"{self.recruiter_first_name} {self.recruiter_last_name}"

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split() if word[0].isupper())[:2]


class Companies:
    def __init__(self, companies: tuple[Company, ...]) -> None:
        self._by_id = {company.id: company for company in companies}
        self._default = companies[0]

    def all(self) -> list[Company]:
        return list(self._by_id.values())

    def current(self, request: Request) -> Company:
        return self._by_id.get(request.cookies.get(COOKIE, ""), self._default)

    async def switch(self, request: Request) -> Response:
        """POST /company"""
        form = await request.form()
        response = RedirectResponse(local_path(text(form, "return_to")), 303)
        if text(form, "company") in self._by_id:
            response.set_cookie(COOKIE, text(form, "company"), httponly=True, samesite="lax")
        return response
