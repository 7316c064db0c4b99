"""Fields of forms, validated."""

from starlette.datastructures import FormData


def text(form: FormData, name: str) -> str:
    """The field, trimmed, with `\\n` as line breaks. Empty if it is missing or a file."""
    value = form.get(name)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def local_path(value: str) -> str:
    """The path if it stays on this site, else the front page."""
    # Browsers treat a backslash as a slash, so "/\host" leads to another site, as "//host" does.
    leaves = not value.startswith("/") or value[1:2] in {"/", "\\"} or not value.isprintable()
    return "/" if leaves else value
