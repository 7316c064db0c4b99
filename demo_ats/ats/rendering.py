"""Templates, and the values that every page needs."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from demo_ats.ats.accounts import Accounts
from demo_ats.ats.cv import lines
from demo_ats.ats.languages import LANGUAGES, current_language
from demo_ats.ats.pipeline import now

TEMPLATES = Path(__file__).with_name("templates")


class Rendering:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        environment.filters.update(
            ago=ago,
            day=day,
            month=month,
            pretty=pretty,
            clock_time=clock_time,
            moment=moment,
            cv_lines=lines,
        )
        # A global, so that no template has to import the macro.
        environment.globals["icon"] = vars(environment.get_template("_icons.html").module)["icon"]
        self._templates = Jinja2Templates(env=environment)

    def page(
        self, request: Request, template: str, *, status_code: int = 200, **context: Any
    ) -> Response:
        return self._templates.TemplateResponse(
            request,
            template,
            {
                "path": request.url.path,
                "accounts": self._accounts.by_company(),
                "user": self._accounts.current(request),
                "languages": LANGUAGES,
                "language": current_language(request),
                **context,
            },
            status_code,
        )

    def fragment(self, template: str, **context: Any) -> str:
        return self._templates.get_template(template).render(**context)


def month(first_day: datetime) -> str:
    return f"{first_day:%b %Y}"


def pretty(value: Any) -> str:
    """The value as indented JSON, or unchanged if it is a text."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def ago(at: datetime) -> str:
    match (now() - at).days:
        case 0:
            return "today"
        case 1:
            return "yesterday"
        case days:
            return f"{days} days ago"


def day(at: datetime) -> str:
    return f"{at.astimezone():%-d %B %Y}"


def clock_time(at: datetime) -> str:
    local = at.astimezone()
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"


def moment(at: datetime) -> str:
    """ISO 8601 for `<time datetime>`, which allows no more digits than milliseconds."""
    return at.isoformat(timespec="milliseconds")
