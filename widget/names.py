"""Whether two names cannot be the same person's: they have no word in common.

If an ATS uses an id twice, one person's report appears in another's profile, and only the names
show it. A name may be written in many ways. In doubt, names do not count as different: if they are
in different scripts, or if one has only initials.
"""

import re
import unicodedata

TOKEN = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")
JOINERS = str.maketrans(dict.fromkeys("‐‑’‘ʼʻʹʾʿ`´＇", "'"))
# Letters that Unicode does not decompose, and letters that many people spell with two.
LETTERS = str.maketrans(
    dict(zip("øłđðħŧıىةیک", "olddhtiيهيك", strict=True)) | {"æ": "ae", "œ": "oe", "þ": "th"}
)
DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Chinese, Japanese and Korean names, which are often written without a space in them.
UNSPACED = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]")
TITLE = re.compile(
    r"dr|prof(essor)?|doctor|mr|mrs|ms|miss|mx|sir|herr|frau|monsieur|madame|mme|mlle|sra?|srta|"
    r"dott(ssa)?|ing|dipl|mag|ph|phd|md|mba|[mb]sc|jr|iii?|iv"
)
PARTICLE = re.compile(r"d[aeiu]|del|della|de[nr]|d[ao]s|do|l[ae]|v[ao]n|y|e|bin|[ae]l")


def differ(one: str, other: str) -> bool:
    """Whether two names in the same script share no word, ignoring case and accents."""
    words, others = _words(one), _words(other)
    if not words or not others or _scripts(words) != _scripts(others):
        return False
    return words.isdisjoint(others)


def _words(name: str) -> set[str]:
    text = unicodedata.normalize("NFKC", name).casefold().translate(JOINERS)
    spellings = {_plain(text), _plain(text.translate(DIGRAPHS))}
    return {word for spelling in spellings for word in _words_of(spelling)}


def _plain(text: str) -> str:
    """The text without accents, vowel signs and invisible characters."""
    letters = (
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if unicodedata.category(letter) not in {"Mn", "Mc", "Me", "Cf"} and letter != "ـ"
    )
    return unicodedata.normalize("NFC", "".join(letters)).translate(LETTERS)


def _words_of(text: str) -> set[str]:
    tokens = [token for token in TOKEN.findall(text) if not TITLE.fullmatch(token)]
    names = [token for token in tokens[:-1] if not PARTICLE.fullmatch(token)] + tokens[-1:]
    return {word for token in names for word in _spellings(token)}


def _spellings(token: str) -> set[str]:
    """A word and its parts: Anne-Marie also as Annemarie, O'Brien as Brien. No initials."""
    if UNSPACED.match(token):
        return {token[0], *(token[start : start + 2] for start in range(len(token) - 1))}
    parts = re.split("[-']", token)
    return {word for word in ("".join(parts), *parts) if len(word) > 1}


def _scripts(words: set[str]) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for word in words for letter in word}
