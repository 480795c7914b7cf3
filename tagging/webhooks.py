"""What is sent to a webhook: a body of deltas, signed with a secret that both sides know."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

MOST_OF_A_CROWD = 10
MIN_SECRET, MAX_SECRET = 16, 200
MAX_URL = 1_000
SIGNATURE_HEADER = "Tagstream-Signature"
DELIVERY_HEADER = "Tagstream-Delivery"


class State(StrEnum):
    """Whether a hook is sent to. One that is dead waits for a person to replay it."""

    ACTIVE = "active"
    DEAD = "dead"


@dataclass(frozen=True)
class Hook:
    """Where a crowd's deltas are sent. `after` is the last sequence that was taken, of the watch `watch`.

    `attempts`: how often the next deltas were refused so far; `next_at_ms`: when they are tried again. The secret is no part
    of any text that is shown.
    """

    id: str
    crowd: str
    url: str
    secret: str
    who: str
    created_at_ms: int
    watch: str = ""
    after: int = 0
    state: State = State.ACTIVE
    attempts: int = 0
    next_at_ms: int = 0
    cause: str = ""

    def __repr__(self) -> str:
        return f"Hook({self.id} of {self.crowd}, after {self.after}, {self.state})"


@dataclass(frozen=True)
class Delivery:
    """Deltas that a hook took, or that it refused as often as may be. `number` counts all deliveries of all hooks."""

    hook: str
    watch: str
    first_sequence: int
    last_sequence: int
    attempts: int
    delivered: bool
    cause: str
    ended_at_ms: int
    number: int = 0


class TooManyHooks(Exception):
    """The crowd has as many hooks as a crowd may have."""


def signature(secret: str, at_seconds: int, body: bytes) -> str:
    """What SIGNATURE_HEADER holds: the time, and HMAC-SHA256 of the time, a dot and the body, in hex.

    Who receives it computes the same, and refuses what is older than it likes.
    """
    digest = hmac.new(secret.encode(), f"{at_seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={digest}"


def problem_of_url(url: str, allow_private: bool) -> str | None:
    """Why a hook may not have this address, as far as its text tells; None where it may."""
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        return f"is no address of at most {MAX_URL} printable characters without spaces"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "must begin with https://"
    if not host:
        return "names no host"
    if parts.username or parts.password or parts.fragment:
        return "may hold no user, password or fragment"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if allow_private or is_public(address) else "is a private or local address"


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether anybody on the internet may have this address, so that nothing of ours listens there."""
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if inner is not None and not is_public(inner):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
