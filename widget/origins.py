"""Origins as browsers write them, and patterns of origins as in a Content-Security-Policy.

A pattern is an origin, or `https://*.ats.example.com`: all subdomains of a host, at any depth, but
not the host itself (https://www.w3.org/TR/CSP3/#match-hosts).
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
    """The message says what is wrong with the text, without repeating it."""


def origin(text: str) -> str:
    """The origin, written as browsers write it. Raises NotAnOrigin."""
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
    """The pattern, written so that browsers match it. Raises NotAnOrigin."""
    scheme, wildcard, rest = text.strip().partition("://*.")
    named = origin(f"{scheme}://{rest}") if wildcard else origin(text)
    if named.partition("://")[2].startswith("["):
        raise NotAnOrigin("is an IPv6 address, which no browser matches: use a name for it")
    if wildcard:
        _refuse_wide_wildcard(named)
        return named.replace("://", "://*.", 1)
    return named


def covers(pattern: str, origin: str) -> bool:
    """Both as the functions above return them. `static/frame.js` has the same rule."""
    start, wildcard, end = pattern.partition("*")
    if not wildcard:
        return origin == pattern
    return origin.startswith(start) and origin.endswith(end)


def is_loopback_name(host: str) -> bool:
    """Whether it is `localhost` or a subdomain of it, which browsers resolve to this machine."""
    return f".{host}".endswith(".localhost")


def _host(host: str) -> str:
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        # By UTS 46, as browsers do. Python's codec `idna` is older, and turns ß into ss.
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
        if NUMBER.fullmatch(name.rpartition(".")[2]):
            return str(IPv4Address(name))
    except ValueError:
        raise NotAnOrigin("has a host that is none") from None
    if not NAME.fullmatch(name):
        raise NotAnOrigin("has a host that is not made of letters, digits, hyphens and dots")
    return name


def _refuse_wide_wildcard(named: str) -> None:
    """`named`: the origin whose subdomains the wildcard covers. Raises NotAnOrigin."""
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
