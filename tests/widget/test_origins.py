"""Origins as browsers write them, and what a pattern covers and what only looks as if it did."""

import pytest

from widget.origins import NotAnOrigin, covers, origin, pattern


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://ats.example.com", "https://ats.example.com"),
        (" HTTPS://Ats.Example.COM:0443/ ", "https://ats.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("https://my--ats-1.example.com:8443", "https://my--ats-1.example.com:8443"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("https://intranet", "https://intranet"),
        # As browsers write them, by UTS 46.
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://BU\u0308CHER.example", "https://xn--bcher-kva.example"),
        ("https://faß.de", "https://xn--fa-hia.de"),
        ("https://例え.テスト:8443", "https://xn--r8jz45g.xn--zckzah:8443"),
        ("https://ａｔｓ。example", "https://ats.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(text: str, written: str) -> None:
    assert origin(text) == written
    assert origin(written) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "*", "ats.example.com", "//ats.example.com", "https:ats.example.com"),
        *("ftp://a.example", "chrome-extension://abc", "http\u017f://a.example", "https://"),
        *("https://a.example/x", "https://a.example//", "https://a.example?", "https://a.example#"),
        *("https://u:p@a.example", "https://@a.example", "https://a.example:", "https://a:b"),
        *("https://a.example:0", "https://a.example:65536", "https://a.example:８０"),
        *("https://a.example.", "https://.a.example", "https://a..example", "https://a b.example"),
        *("https://a.example;script-src *", "https://a.example,https://b.example"),
        "https://'self'",
        *("https://a.*.example", "https://*", "https://a.example:*", "https://＊.example"),
        *("https://[::1", "https://[::1]x", "https://[:::]", "https://[v1.a]"),
        *("https://[127.0.0.1]", "http://127.1", "http://2130706433", "http://0x7f.1"),
        *("http://127.0.0.01", "http://1.2.3.4.5", "https://\u200d.example"),
        *(f"https://{'a' * 64}.example", "https://a%2eexample", "https://a_b.example"),
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    for read in (origin, pattern):
        with pytest.raises(NotAnOrigin) as refused:
            read(text)
        assert not text or text not in str(refused.value) or text in {"*", "null"}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://*.ats.example.com", "https://*.ats.example.com"),
        ("https://*.Bücher.example:443/", "https://*.xn--bcher-kva.example"),
        ("https://*.ats.example.com:8443", "https://*.ats.example.com:8443"),
        ("http://*.localhost:3000", "http://*.localhost:3000"),
        ("http://*.ats.localhost", "http://*.ats.localhost"),
        ("http://ats.example.com", "http://ats.example.com"),
    ],
)
def test_a_pattern_is_an_origin_or_stands_for_subdomains(text: str, written: str) -> None:
    assert pattern(text) == written
    assert pattern(written) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://[::1]:3000", "which no browser matches"),
        ("https://[2001:db8::1]", "which no browser matches"),
        ("https://*.[::1]", "which no browser matches"),
        ("http://*.ats.example.com", "must be https"),
        ("http://*.evillocalhost", "must be https"),
        ("http://*.localhost.example.com", "must be https"),
        ("https://*.com", "everybody below .com"),
        ("https://*.example:8443", "everybody below .example"),
        ("https://*.127.0.0.1", "no subdomains"),
        ("https://*.*.example.com", "letters, digits"),
        ("https://*.", "not an origin"),
        ("*://*.ats.example.com", "not an origin"),
        ("https://**.example.com", "letters, digits"),
        ("https://*example.com", "letters, digits"),
    ],
)
def test_a_pattern_that_matches_nothing_or_too_much_is_refused_with_a_reason(
    text: str, reason: str
) -> None:
    with pytest.raises(NotAnOrigin, match=reason):
        pattern(text)


COVERED = {
    "https://*.ats.example.com": ["https://a.ats.example.com", "https://a.b-c.ats.example.com"],
    "https://*.ats.example.com:8443": ["https://a.ats.example.com:8443"],
    "http://*.localhost:3000": ["http://acme.localhost:3000"],
    "https://ats.example.com": ["https://ats.example.com"],
}
NOT_COVERED = {
    "https://*.ats.example.com": [
        *("https://ats.example.com", "https://evil-ats.example.com", "https://evilats.example.com"),
        *("http://a.ats.example.com", "https://a.ats.example.com:8443", "https://example.com"),
        *("https://a.ats.example.com.", "https://a.ats.example.com.evil.com", "null", ""),
        *("https://a.ats-example.com", "https://a.atsxexample.com"),
    ],
    "https://*.ats.example.com:8443": [
        "https://a.ats.example.com",
        "https://a.ats.example.com:443",
    ],
    "http://*.localhost:3000": [
        "http://localhost:3000",
        "http://a.localhost",
        "https://a.localhost:3000",
    ],
    "https://ats.example.com": ["https://a.ats.example.com", "http://ats.example.com", "null", ""],
}


def test_a_wildcard_covers_each_subdomain_and_nothing_that_looks_like_one() -> None:
    for allowed, origins in COVERED.items():
        assert [each for each in origins if not covers(allowed, each)] == []
    for allowed, origins in NOT_COVERED.items():
        assert [each for each in origins if covers(allowed, each)] == []
