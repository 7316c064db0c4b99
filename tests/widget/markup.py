"""HTML as a browser would see it: elements with their attributes, and the text between them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}
SVG_SHAPES = {"circle", "path", "rect"}


@dataclass(frozen=True, slots=True)
class Element:
    """`inside`: the elements within it, however deep."""

    tag: str
    attributes: dict[str, str | None]
    texts: list[str] = field(default_factory=list)
    inside: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts).strip()


class Markup(HTMLParser):
    """Fails where the elements are not nested as they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SVG_SHAPES | VOID, tag
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, tag
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Nobody sees what is in a template, so that it is no text of what is around it."""
        for element in reversed(self._open):
            element.texts.append(data)
            if element.tag == "template":
                break

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), attrs
        self.elements.append(element)
        for parent in self._open:
            parent.inside.append(element)
        return element

    @property
    def text(self) -> str:
        return self.elements[0].text

    @property
    def root(self) -> Element:
        """The widget's."""
        return self.one("main", id="candidate-intelligence")

    @property
    def state(self) -> str | None:
        return self.root.attributes["data-state"]

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [
            element
            for element in self.elements
            if element.tag == tag and attributes.items() <= element.attributes.items()
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        (element,) = self.all(tag, **attributes)
        return element
