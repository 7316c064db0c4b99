"""Soft breaks in endless words, so that a browser can lay them out.

Within a word, letters are joined and kerned, so a browser shapes the rest of it again for each
line: 30,000 letters take it 6 s, and 300,000 more than a minute. `<wbr>` ends what is shaped as
one, and is in no copy.
"""

import re

LONG = 1_000  # characters of a text, which a shorter one need not be searched for

_long_text = re.compile(rf">[^<>]{{{LONG},}}")
_long_word = re.compile(r"(?:&#?\w{1,8};|[^\s&]){200}(?=\S)")


def with_soft_breaks(html: str) -> str:
    """The document with a `<wbr>` after each 200 characters of a word, but for short texts."""
    return _long_text.sub(lambda text: _long_word.sub(r"\g<0><wbr>", text[0]), html)
