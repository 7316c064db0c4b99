"""What forms send, read with care."""

from starlette.datastructures import FormData


def text(form: FormData, name: str) -> str:
    """The field, trimmed, with plain newlines; empty when it is missing or a file."""
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def local_path(value: str) -> str:
    """The path if it stays on this site, else the front page."""
    # Browsers read a backslash as a slash, so "/\host" leaves the site as "//host" does.
    leaves = not value.startswith("/") or value[1:2] in {"/", "\\"} or not value.isprintable()
    return "/" if leaves else value
