"""The templates, compiled once for each of the interface's languages.

Jinja2 translates and includes while it renders, which takes two thirds of the time. Here, both are
done when a template is compiled: a constant message is replaced by its translation, the name of a
static file by its URL, and an include by the included template.
"""

from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.visitor import NodeTransformer

from widget.accents import accent_url
from widget.assets import RESOURCES, static_url
from widget.languages import (
    ago,
    direction,
    duration,
    from_now,
    grouped,
    instant,
    is_recent,
    language_name,
    listed,
    moment,
    number,
    translations,
)

TEMPLATES = RESOURCES / "templates"


class Templates(Environment):
    """Jinja2's environment for one language. `catalogue`: the translations into it."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        super().__init__(
            loader=FileSystemLoader(TEMPLATES),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
        self.filters |= {
            "ago": ago,
            "duration": duration,
            "from_now": from_now,
            "grouped": grouped,
            "instant": instant,
            "language_name": language_name,
            "listed": listed,
            "moment": moment,
            "number": number,
        }
        self.tests["recent"] = is_recent
        self.globals |= {
            "_": catalogue.gettext,  # the extension's own looks up the context each time
            "accent": accent_url,
            "direction": direction(language),
            "language": language,
        }
        constant = {"_": catalogue.gettext, "static": static_url}
        self._rewriting = _Rewriting(constant, self._body_of)
        self._compiled: dict[str | Template, Template] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> Template:
        """Without the lock and the copy of globals that Jinja2's own needs for every import."""
        if name not in self._compiled:
            self._compiled[name] = super().get_template(name, parent, globals)
        return self._compiled[name]

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A dict. Jinja2's own is a ChainMap, which is slow to find that a name is missing."""
        return {**self.globals, **(d or {})}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = self._rewriting.visit(super()._parse(source, name, filename))
        return parsed

    def _body_of(self, name: str) -> list[nodes.Node]:
        source, filename, _ = FileSystemLoader(TEMPLATES).get_source(self, name)
        return self._parse(source, name, filename).body


class _Rewriting(NodeTransformer):
    def __init__(
        self,
        constant: Mapping[str, Callable[[str], str]],
        body_of: Callable[[str], list[nodes.Node]],
    ) -> None:
        self._constant = constant
        self._body_of = body_of

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - named after the node
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=text)]):
                if name in self._constant:
                    return nodes.Const(self._constant[name](text), lineno=node.lineno)
        return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802
        assert isinstance(node.template, nodes.Const)  # noqa: S101 - each names a file
        included = nodes.Scope(self._body_of(node.template.value), lineno=node.lineno)
        # Tracebacks name the including file, so the line numbers must be those of the include.
        return included.set_lineno(node.lineno, override=True)


@cache
def environment(language: str) -> Templates:
    """The templates in one of the interface's languages."""
    return Templates(language, translations(language))
