"""Any store behind one of the API's ports: its methods as they are, its failures as the ports name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from api.live.mysql import answering
from api.ports import Unavailable
from stores import logs
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable

log = logs.get("api.answering")


class Answering:
    """A store whose methods raise Unavailable."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return _naming(found, name) if callable(found) else found


def _naming(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(method)
    def asked(*given: Any, **named: Any) -> Any:
        try:
            with answering():
                return method(*given, **named)
        except ClickHouseUnavailable as error:
            raise Unavailable("clickhouse", str(error)) from error
        except ClickHouseRefused as error:
            # What it says quotes the query: for the log, not for the client.
            log.error("query_refused", asked=name, reason=str(error))
            raise Unavailable("clickhouse", f"{name} was refused; the server's log says why") from error

    return asked
