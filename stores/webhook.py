"""One POST to a webhook: signed, bounded in time, never redirected, and never to an address of ours."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from tagging.webhooks import (
    DELIVERY_HEADER,
    SIGNATURE_HEADER,
    Hook,
    is_public,
    problem_of_url,
    signature,
)

SHOWN = 200


class NotTaken(Exception):
    """The other side did not take it. The text says why, without the secret; trying again may help."""


Resolve = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Webhooks:
    """Sends bodies to hooks. `allow_private`: also to private addresses and by http, for tests and closed networks."""

    def __init__(
        self, allow_private: bool, timeout_seconds: float, resolve: Resolve = resolve, ca_file: str | None = None
    ) -> None:
        self._allow_private = allow_private
        self._timeout = urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        self._resolve = resolve
        self._ca_file = ca_file

    def send(self, hook: Hook, body: bytes, delivery: str) -> None:
        """POST a body. Raises NotTaken for any answer but 2xx, and where nobody answers."""
        problem = problem_of_url(hook.url, self._allow_private)
        if problem:
            raise NotTaken(f"the address {problem}")
        parts = urlsplit(hook.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "tagstream",
            DELIVERY_HEADER: delivery,
            SIGNATURE_HEADER: signature(hook.secret, int(time.time()), body),
        }
        pool = self._pool(self._address(host, port), host, port, secure)
        try:
            # The body of the answer is not read: only its status counts.
            answer = pool.urlopen(
                "POST",
                path,
                body,
                headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout,
                preload_content=False,
            )
            status = answer.status
            answer.drain_conn() if status < 300 and int(answer.headers.get("Content-Length") or 0) <= 1_000 else None
        except (HTTPError, OSError, ValueError) as error:
            raise NotTaken(f"{host}:{port}: {str(error)[:SHOWN]}") from error
        finally:
            pool.close()
        if not 200 <= status < 300:
            raise NotTaken(f"{host}:{port} answered {status}")

    def _address(self, host: str, port: int) -> str:
        """The address that is connected to: the one that was looked at, so that no second look-up can give another."""
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotTaken(f"{host} has no address: {error}") from error
        if not self._allow_private and not all(is_public(ipaddress.ip_address(each.split("%")[0])) for each in found):
            raise NotTaken(f"{host} is at a private or local address")
        if not found:
            raise NotTaken(f"{host} has no address")
        return found[0]

    def _pool(self, address: str, host: str, port: int, secure: bool) -> urllib3.HTTPConnectionPool:
        if not secure:
            return urllib3.HTTPConnectionPool(address, port, maxsize=1)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            maxsize=1,
            server_hostname=host,
            assert_hostname=host,
            ssl_context=ssl.create_default_context(cafile=self._ca_file),
        )
