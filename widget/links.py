"""Addresses in answers that may become links, and the hosts that they lead to.

A link is `https` and contains no user name. Its host is shown in ASCII (punycode), so that a reader
sees if it imitates another with similar letters.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import idna

from widget.origins import DEFAULT_PORTS, LOOPBACK_HOSTS

NEVER = " \\\ufffd"  # U+FFFD stands for a character that HTML forbids
MAX_HOST_LENGTH = 253  # RFC 1035, 2.3.4
NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
# A host that ends in a number is an IPv4 address: https://url.spec.whatwg.org/#ends-in-a-number-checker
NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")


@dataclass(frozen=True, slots=True)
class Link:
    """`host` includes the port, unless it is the scheme's default."""

    url: str
    host: str


def link(value: Any, or_local: bool = False) -> Link | None:
    """The value as a link, or None if it may not be one. `or_local`: http to this machine may."""
    if not isinstance(value, str) or not value[:5].lower().startswith("http"):
        return None
    if not value.isprintable() or any(character in value for character in NEVER):
        return None
    try:
        parts = urlsplit(value)
        host = _host(parts)
    except ValueError:
        return None
    if not _may_be_linked(parts, or_local):
        return None
    if not parts.netloc.isascii():
        value = parts._replace(netloc=host).geturl()
    return Link(value, host)


def _may_be_linked(parts: SplitResult, or_local: bool) -> bool:
    is_local = parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
    return parts.username is None and (parts.scheme == "https" or (or_local and is_local))


def _host(parts: SplitResult) -> str:
    """The host with its port. Raises ValueError if a browser might read it in another way."""
    name = parts.hostname or ""
    if "%" in name:
        raise ValueError("a host that is encoded, or an address with a zone")
    host = f"[{IPv6Address(name)}]" if "[" in parts.netloc else _name(name)
    return host if parts.port in {None, DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def _name(host: str) -> str:
    if len(host) > MAX_HOST_LENGTH:
        raise ValueError("a host that is too long")
    name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    if not NAME.fullmatch(name):
        raise ValueError("no host")
    if NUMBER.fullmatch(name) and name != str(_address(name)):
        raise ValueError("an address written in another way than usual")
    return name


def _address(name: str) -> IPv4Address | None:
    try:
        return IPv4Address(name)
    except AddressValueError:
        return None
