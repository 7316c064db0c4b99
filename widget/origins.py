"""Origins as browsers write them, and the patterns for them in a Content-Security-Policy.

A pattern is an origin, or `https://*.ats.example.com` for each subdomain of a host, at any depth,
and not for the host itself: https://www.w3.org/TR/CSP3/#match-hosts
"""

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

MAX_PORT = 65535
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^\s/?#@:\[\]]+)(:(?P<port>[0-9]{1,5}))?/?"
)
NAME = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")  # a policy takes no underscore
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # as the last label, it makes a host an IPv4 address


class NotAnOrigin(ValueError):
    """Says what is wrong with it, without repeating it."""


def origin(text: str) -> str:
    """An origin, written as browsers write it. Raises NotAnOrigin."""
    match = ORIGIN.fullmatch(text.strip().lower())
    if match is None:
        raise NotAnOrigin("is not an origin")
    default = DEFAULT_PORTS[match["scheme"]]
    port = int(match["port"] or default)
    if not 1 <= port <= MAX_PORT:
        raise NotAnOrigin("has a port that does not exist")
    suffix = "" if port == default else f":{port}"
    return f"{match['scheme']}://{_host(match['host'])}{suffix}"


def pattern(text: str) -> str:
    """A pattern that browsers can match with the origin of a page. Raises NotAnOrigin."""
    scheme, wildcard, rest = text.strip().partition("://*.")
    named = origin(f"{scheme}://{rest}") if wildcard else origin(text)
    if named.partition("://")[2].startswith("["):
        raise NotAnOrigin("is an IPv6 address, which no browser matches: use a name for it")
    if wildcard:
        _refuse_wide_wildcard(named)
        return named.replace("://", "://*.", 1)
    return named


def covers(pattern: str, origin: str) -> bool:
    """Both as written by the functions above. `static/frame.js` has the same rule."""
    start, wildcard, end = pattern.partition("*")
    if not wildcard:
        return origin == pattern
    return origin.startswith(start) and origin.endswith(end)


def is_loopback_name(host: str) -> bool:
    """Browsers never look `localhost` and its subdomains up."""
    return f".{host}".endswith(".localhost")


def _host(host: str) -> str:
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        # As browsers do, by UTS 46. The codec `idna` of Python is older: it makes ß into ss.
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
        if NUMBER.fullmatch(name.rpartition(".")[2]):
            return str(IPv4Address(name))
    except ValueError:
        raise NotAnOrigin("has a host that is none") from None
    if not NAME.fullmatch(name):
        raise NotAnOrigin("has a host that is not made of letters, digits, hyphens and dots")
    return name


def _refuse_wide_wildcard(named: str) -> None:
    """`named`: the origin whose subdomains are meant."""
    parts = urlsplit(named)
    host = parts.hostname or ""
    if is_loopback_name(host):
        return
    if parts.scheme == "http":
        raise NotAnOrigin("must be https: with http, a wildcard is for localhost alone")
    if "." not in host:
        raise NotAnOrigin(f"lets in everybody below .{host}: put a domain of yours after the star")
    if NUMBER.fullmatch(host.rpartition(".")[2]):
        raise NotAnOrigin("is an address, which has no subdomains")
