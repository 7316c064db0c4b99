"""The form for a new candidate: what was entered, and what is wrong with it."""

from dataclasses import dataclass, field, fields, replace

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from demo_ats.ats import cv
from demo_ats.ats.forms import text

MAX_BODY_BYTES = 3 * 1024 * 1024  # a file of 2 MB, and the other fields
MAX_LENGTH = 200


@dataclass(frozen=True)
class Entries:
    first_name: str = ""
    last_name: str = ""
    role: str = ""
    company: str = ""
    location: str = ""
    cv: str = ""


@dataclass(frozen=True)
class Application:
    """`errors` has one sentence for each field that has to change."""

    entries: Entries = Entries()
    errors: dict[str, str] = field(default_factory=dict)


TOO_LARGE = Application(errors={"cv_file": "The file is larger than 2 MB."})


async def read_application(request: Request) -> Application:
    """The form as it was sent, with its errors. The text of a CV file replaces pasted text."""
    # A body that does not tell its length counts as too large.
    if int(request.headers.get("Content-Length", MAX_BODY_BYTES + 1)) > MAX_BODY_BYTES:
        return TOO_LARGE
    async with request.form(max_part_size=MAX_BODY_BYTES) as form:
        entries = Entries(**{entry.name: text(form, entry.name) for entry in fields(Entries)})
        try:
            entries = replace(entries, cv=await _uploaded_cv(form) or entries.cv)
        except cv.Unreadable as error:
            return Application(entries, _errors(entries) | {"cv_file": str(error)})
    return Application(entries, _errors(entries))


async def _uploaded_cv(form: FormData) -> str:
    upload = form.get("cv_file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return ""
    # In a thread: a long PDF takes seconds to read, and would block the event loop.
    return await run_in_threadpool(cv.text_of, upload.filename, await upload.read())


def _errors(entries: Entries) -> dict[str, str]:
    errors = {}
    if not entries.first_name:
        errors["first_name"] = "Enter a first name."
    if not entries.last_name:
        errors["last_name"] = "Enter a last name."
    for name in ("first_name", "last_name", "role", "company", "location"):
        if len(getattr(entries, name)) > MAX_LENGTH:
            errors[name] = f"Use {MAX_LENGTH} characters at most."
    if len(entries.cv) > cv.MAX_CHARACTERS:
        errors["cv"] = f"Use {cv.MAX_CHARACTERS:,} characters at most."
    return errors
