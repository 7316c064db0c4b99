"""Soft breaks in endless words, so that browsers can lay them out.

Letters of a word are kerned or joined, so a browser shapes the rest of the word again for each
line: 30,000 letters take Chromium 6 s, 700,000 more than a minute. A `<wbr>` ends what is shaped
together. It is not copied with the text.
"""

import re

WORD = 500  # characters of a word up to a break
TEXT = 2 * WORD  # characters; shorter texts are not searched for long words
MARKS = 20  # after so many in a row, a break may stand before a combining mark

_long_text = re.compile(rf">[^<>]{{{TEXT},}}")
# A break stands before a letter, an ASCII character or an emoji, as what is neither may be a mark.
# Each word is matched once, and no quantifier gives anything back: the time is linear.
_character = r"(?:&#?\w{1,8};|[^\s&])"
_mark = r"[^\s\w!-~\U00010000-\U0010ffff]"
_long_word = rf"({_character}{{{WORD}}}+{_mark}{{0,{MARKS}}}+)(?=\S)"
_short_words = rf"(?:{_character}{{1,{WORD - 1}}}+\s++)++"  # at once, as a call for each takes long
_words = re.compile(rf"{_long_word}|{_short_words}|{_character}++")


def with_soft_breaks(html: str) -> str:
    """The document, with a `<wbr>` after every 500 characters of a word."""
    return _long_text.sub(lambda text: _words.sub(_with_break, text[0]), html)


def _with_break(words: re.Match[str]) -> str:
    return f"{words[1]}<wbr>" if words[1] else words[0]
