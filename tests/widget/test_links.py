"""Which addresses are linked to, and which host is shown for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widget.drawing import draw_report
from widget.links import Link, link
from widget.values import Number


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("https://example.com:8443/a/b?c=d&e=f#g", "example.com:8443"),
        ("https://example.com:443/", "example.com"),
        ("HTTPS://EXAMPLE.COM/", "example.com"),
        ("https://example.com./", "example.com."),
        ("https://a_b.example.com/", "a_b.example.com"),
        ("https://1e3.example/", "1e3.example"),
        ("https://192.0.2.7/", "192.0.2.7"),
        ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ("https://[2001:DB8:0::1]:8443/", "[2001:db8::1]:8443"),
    ],
)
def test_a_link_is_shown_by_its_host(url: str, host: str) -> None:
    assert link(url) == Link(url, host)


@pytest.mark.threat(name="injection")
@pytest.mark.parametrize(
    ("url", "ascii_url", "host"),
    [
        ("https://lìnkedin.com/in/m", "https://xn--lnkedin-zya.com/in/m", "xn--lnkedin-zya.com"),
        ("https://аpple.com:444/?q=ü", "https://xn--pple-43d.com:444/?q=ü", "xn--pple-43d.com:444"),
        ("https://STRASSE.de", "https://STRASSE.de", "strasse.de"),
        ("https://straße.de", "https://xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("https://ｅxample。com/", "https://example.com/", "example.com"),
        ("https://例え.jp/例え#例え", "https://xn--r8jz45g.jp/例え#例え", "xn--r8jz45g.jp"),
    ],
)
def test_a_host_that_is_not_ascii_is_written_as_it_is_looked_up(
    url: str, ascii_url: str, host: str
) -> None:
    assert link(url) == Link(ascii_url, host)
    signal = {"statement": "x", "sourceUrl": url}
    page = draw_report(report={"website": url}, signals=[signal])
    assert [a.text for a in page.all("a", href=ascii_url)] == [ascii_url, host]


@pytest.mark.parametrize(
    "url", ["http://localhost:8002/report.pdf", "http://127.0.0.1/", "http://[::1]:8002/"]
)
def test_only_the_hosted_report_may_be_on_this_machine(url: str) -> None:
    assert link(url) is None
    markup = draw_report(
        report={"summary": url},
        signals=[{"statement": "x", "sourceUrl": url}],
        metadata={"pdf_download_url": url},
    )
    (hosted,) = [a for a in markup.all("a") if a.attributes["href"] == url]
    assert "hosted report" in hosted.text


def test_the_host_of_the_hosted_report_is_shown_unless_it_is_the_partner_apis_own() -> None:
    def shown(url: str) -> str:
        return draw_report(report={}, metadata={"pdf_download_url": url}).one("footer").text

    assert shown("http://127.0.0.1:9/report.pdf") == "Open the hosted report"
    for host in ("127.0.0.1:10", "localhost:9"):
        assert shown(f"http://{host}/report.pdf").endswith(host)
    assert shown("https://reports.lìnkedin.com/1").endswith("reports.xn--lnkedin-zya.com")


@pytest.mark.parametrize(
    "url",
    [
        None,
        Number("7"),
        ["https://example.com"],
        "",
        "example.com",
        "//example.com",
        "/path",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "javascript:alert(1)",
        "JaVaScRiPt://example.com/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://example.com/1",
        "https:",
        "https://",
        "https:///path",
        "https:example.com",
        "https:/example.com",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://@example.com",
        "https://example.com\\@evil.example",
        "https://example.com:port",
        "https://example.com:99999",
        "https://[::1",
        " https://example.com",
        "https://example.com/a b",
        "https://exa\tmple.com",
        "java\nscript:alert(1)",
        "https://example.com/\0",
        "https://example.com/\u202egpj",
        "https://example.com\u2100.evil.example",
        "https://example.com/\ufffd",
        "https://exa%6dple.com",
        "https://*.example.com",
        "https://example..com",
        "https://exam\u00adple.com",
        "https://a\u200db.com",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://010.0.0.1/",
        "https://192.0.2.7./",
        "https://[fe80::1%25eth0]/",
        f"https://{'a.' * 200}example",
        f"https://{'ä' * 100}.example",
    ],
)
def test_any_other_url_is_text(url: object) -> None:
    assert link(url) is None
    assert link(url, or_local=True) is None


@given(
    st.text() | st.text().map("https://{}".format) | st.text().map("https://a{}.example/".format)
)
def test_whatever_comes_as_a_link_its_host_is_ascii(url: str) -> None:
    found = link(url)
    assert found is None or (found.host.isascii() and found.url.lower().startswith("https://"))
