"""Updates the catalogues of translations: `python -m scripts.catalogues`.

Messages are found in the templates and in the code. A new one gets an empty translation, to be
filled in by hand. One that is no longer used is removed.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from widget.languages import LANGUAGES, SOURCE, catalogue

ROOT = Path(__file__).parents[1]
WHERE = [("templates/**.html", "jinja2"), ("widget/**.py", "python")]
KEYWORDS = {**DEFAULT_KEYWORDS, "gettext_noop": None}
WIDTH = 100


def main() -> None:
    messages = extract()
    for language in LANGUAGES:
        if language != SOURCE:
            _update(language, messages)


def extract() -> Catalog:
    """All messages of the templates and the code, without translations."""
    messages = Catalog(project="Candidate Intelligence widget", fuzzy=False)
    found = extract_from_dir(ROOT, WHERE, keywords=KEYWORDS)
    for filename, _, message, comments, context in sorted(found, key=lambda each: each[:2]):
        messages.add(message, None, [(filename, 0)], auto_comments=comments, context=context)
    return messages


def read(language: str) -> Catalog:
    """Raises FileNotFoundError if the language has no catalogue. An empty file is one."""
    with catalogue(language).open("rb") as file:
        return read_po(file, language)


def _update(language: str, messages: Catalog) -> None:
    translated = read(language)
    translated.update(messages, no_fuzzy_matching=True, update_creation_date=False)
    with catalogue(language).open("wb") as file:
        write_po(file, translated, width=WIDTH, ignore_obsolete=True, include_lineno=False)


if __name__ == "__main__":
    main()
