"""Soft breaks in endless words, so that browsers can lay them out.

Letters of a word are kerned or joined, so a browser shapes the rest of the word again for each
line: 30,000 letters take Chromium 6 s, 700,000 more than a minute. A `<wbr>` ends what is shaped
together. It is not copied with the text.
"""

import re

WORD = 500  # characters of a word up to a break
TEXT = 2 * WORD  # characters; shorter texts are not searched for long words

_long_text = re.compile(rf">[^<>]{{{TEXT},}}")
# A break stands before a letter, an ASCII character or an emoji, never before a combining mark.
_long_word = re.compile(rf"(?:&#?\w{{1,8}};|[^\s&]){{{WORD}}}(?=[\w!-~]|[^\0-\uffff])")


def with_soft_breaks(html: str) -> str:
    """The document, with a `<wbr>` after every 500 characters of a word."""
    return _long_text.sub(lambda text: _long_word.sub(r"\g<0><wbr>", text[0]), html)
