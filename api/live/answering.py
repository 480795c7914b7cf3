"""Any store behind one of the API's ports: its methods as they are, its failures as the ports name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from pymysql.constants import ER
from sqlalchemy.exc import ProgrammingError

from api.ports import Unavailable
from stores import logs
from stores.clickhouse import ClickHouseRefused, ClickHouseUnavailable
from stores.mysql import MySQLUnavailable

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
            return method(*given, **named)
        except MySQLUnavailable as error:
            raise Unavailable("mysql", str(error)) from error
        except ProgrammingError as error:
            if error.orig is None or error.orig.args[0] != ER.NO_SUCH_TABLE:
                raise
            reason = "the registry has no tables yet; they are made when the controller starts"
            raise Unavailable("mysql", reason) from error
        except ClickHouseUnavailable as error:
            raise Unavailable("clickhouse", str(error)) from error
        except ClickHouseRefused as error:
            # What it says quotes the query: for the log, not for the client.
            log.error("query_refused", asked=name, reason=str(error))
            raise Unavailable("clickhouse", f"{name} was refused; the server's log says why") from error

    return asked
