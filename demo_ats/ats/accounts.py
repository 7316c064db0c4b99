"""The companies that use the ATS, their users, and the user whom a browser is signed in as.

In this demo, everybody chooses a user at the top right. A real ATS has a login.
"""

from dataclasses import dataclass
from enum import StrEnum

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_ats.ats.forms import local_path, text

COOKIE = "user"


class Role(StrEnum):
    RECRUITER = "Recruiter"
    HIRING_MANAGER = "Hiring manager"


@dataclass(frozen=True)
class Company:
    """A customer of the ATS, billed for the reports that its recruiters run."""

    id: str
    name: str

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split() if word[0].isupper())[:2]


@dataclass(frozen=True)
class User:
    id: str
    first_name: str
    last_name: str
    role: Role
    company: Company

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def may_edit(self) -> bool:
        """Whether the user may change records and run reports. Hiring managers may only look."""
        return self.role == Role.RECRUITER

    def must_edit(self) -> None:
        """Raises HTTPException (403) unless the user may edit."""
        if not self.may_edit:
            raise HTTPException(403, "You may look, but not change anything here.")


class Accounts:
    def __init__(self, users: tuple[User, ...]) -> None:
        self._by_id = {user.id: user for user in users}
        self._default = users[0]

    def by_company(self) -> dict[Company, list[User]]:
        companies = dict.fromkeys(user.company for user in self._by_id.values())
        return {c: [u for u in self._by_id.values() if u.company == c] for c in companies}

    def find(self, user_id: str | None) -> User | None:
        return self._by_id.get(user_id or "")

    def current(self, request: Request) -> User:
        """The user that the browser's cookie names, or the first one of the demo."""
        return self._by_id.get(request.cookies.get(COOKIE, ""), self._default)

    async def switch(self, request: Request) -> Response:
        """POST /user"""
        form = await request.form()
        response = RedirectResponse(local_path(text(form, "return_to")), 303)
        if self.find(text(form, "user")):
            response.set_cookie(COOKIE, text(form, "user"), httponly=True, samesite="lax")
        return response
