"""Failures of MySQL behind SQLAlchemy, as the API's ports name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pymysql.constants import ER
from sqlalchemy.exc import ProgrammingError

from api.ports import Unavailable
from stores.mysql import MySQLUnavailable


@contextmanager
def answering() -> Iterator[None]:
    """Raise Unavailable where MySQL does not answer, or has no tables of the registry yet."""
    try:
        yield
    except MySQLUnavailable as error:
        raise Unavailable("mysql", str(error)) from error
    except ProgrammingError as error:
        if error.orig is None or error.orig.args[0] != ER.NO_SUCH_TABLE:
            raise
        reason = "the registry has no tables yet; they are made when the controller starts"
        raise Unavailable("mysql", reason) from error
