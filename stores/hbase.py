"""Profiles in HBase, by its Thrift 2 gateway: one row a user, one cell a tag version, the newest change of the tag wins.

A cell's timestamp is the Kafka offset of the change plus one. So a late or repeated write cannot win over a newer one, in
whatever order writes arrive. "No value" is a cell like any other: HBase's own delete markers vanish at a compaction, and a
late write would come back to life.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson
import thriftpy2
from thriftpy2.protocol import TCyBinaryProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TException
from thriftpy2.transport import TCyBufferedTransportFactory

from stores.settings import HBase
from tagging.names import profile_column, profile_row, profile_rows, profile_user

_interface = thriftpy2.load(str(Path(__file__).parent / "hbase.thrift"), module_name="hbase_thrift")

ROWS_A_CALL = 5_000
FAMILY = b"t"
# Rows begin with two hex digits of a hash: sixteen even parts.
_SPLITS = [f"{digit:x}".encode() for digit in range(1, 16)]

Profile = dict[tuple[str, int], "ProfileCell"]
"""(tag, version) -> cell."""


class ProfileCell(NamedTuple):
    """One tag version's value of one user; `value` None is "no value". `offset`: the change's place in its partition."""

    value: Any
    changed_at_ms: int
    offset: int


class HBaseUnavailable(Exception):
    """HBase did not do what was asked. The text names the gateway, what was asked, and what came back."""


class ProfileStore:
    """The table of profiles. Safe to share between threads; connects when it is first used, and again after a break."""

    def __init__(self, settings: HBase) -> None:
        self._settings = settings
        self._table = settings.table.encode()
        self._idle: deque[Any] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def create_table(self) -> bool:
        """Create the table in sixteen regions unless it is there; whether it was created. Raises HBaseUnavailable."""
        if self.exists():
            return False
        family = _interface.TColumnFamilyDescriptor(
            name=FAMILY,
            maxVersions=1,
            bloomnFilterType=_interface.TBloomFilterType.ROW,
            dataBlockEncoding=_interface.TDataBlockEncoding.FAST_DIFF,
        )
        description = _interface.TTableDescriptor(tableName=self._name(), columns=[family])
        try:
            self._ask("creating the table", lambda client: client.createTable(description, _SPLITS))
        except HBaseUnavailable:
            # Another process may have been first.
            if not self.exists():
                raise
            return False
        return True

    def exists(self) -> bool:
        """Whether the table is there: the cheapest question that HBase itself answers. Raises HBaseUnavailable."""
        return self._ask("looking for the table", lambda client: client.tableExists(self._name()))

    def write(self, cells: Mapping[str, Mapping[tuple[str, int], ProfileCell]]) -> int:
        """Write cells by user and (tag, version); the number of cells written.

        All are in the write-ahead log when this returns. Raises HBaseUnavailable, and then any of them may be written:
        writing them again changes nothing.
        """
        puts = [
            _interface.TPut(row=profile_row(user_id), columnValues=[_column(*item) for item in of_user.items()])
            for user_id, of_user in cells.items()
        ]
        for start in range(0, len(puts), ROWS_A_CALL):
            part = puts[start : start + ROWS_A_CALL]
            self._ask("writing profiles", lambda client, part=part: client.putMultiple(self._table, part))
        return sum(map(len, cells.values()))

    def profile(self, user_id: str) -> Profile:
        """All that is known of one user, "no value" included; empty for an unknown user. Raises HBaseUnavailable."""
        return self.profiles([user_id])[user_id]

    def profiles(self, user_ids: Sequence[str]) -> dict[str, Profile]:
        """The profiles of many users, each of those asked for, in their order. Raises HBaseUnavailable."""
        found: dict[str, Profile] = {}
        for start in range(0, len(user_ids), ROWS_A_CALL):
            part = user_ids[start : start + ROWS_A_CALL]
            gets = [_interface.TGet(row=profile_row(user_id)) for user_id in part]
            results = self._ask("reading profiles", lambda client, gets=gets: client.getMultiple(self._table, gets))
            found.update(zip(part, map(_profile, results), strict=True))
        return found

    def scan(
        self, tags: Iterable[tuple[str, int]] | None = None, rows_a_call: int = 2_000, bucket: int | None = None
    ) -> Iterator[tuple[str, Profile]]:
        """Every user and profile, streamed in order of row; of these (tag, version) alone unless None.

        `bucket`: only users whose row begins with this byte of a hash (`tagging.parity_buckets.bucket_of`). Each call reads on
        after the last row, so that a gateway may come and go. Raises HBaseUnavailable.
        """
        columns = None
        if tags is not None:
            named = [profile_column(tag, version).partition(b":") for tag, version in tags]
            columns = [_interface.TColumn(family=family, qualifier=qualifier) for family, _, qualifier in named]
        if columns == []:
            return
        start, stop = (b"", None) if bucket is None else profile_rows(bucket)
        while True:
            scan = _interface.TScan(
                startRow=start, stopRow=stop, columns=columns, caching=rows_a_call, cacheBlocks=False
            )
            results = self._ask(
                "scanning profiles",
                lambda client, scan=scan: client.getScannerResults(self._table, scan, rows_a_call),
            )
            for result in results:
                yield profile_user(result.row), _profile(result)
            if len(results) < rows_a_call:
                return
            start = results[-1].row + b"\x00"

    def remove(self, tag: str, version: int, most: int) -> int:
        """Remove the cells of one tag version, of at most so many users; of how many: fewer when none is left.

        A write that comes after it counts only with a higher offset than the removed cell's. Raises HBaseUnavailable.
        """
        family, _, qualifier = profile_column(tag, version).partition(b":")
        found = islice(self.scan([(tag, version)]), most)
        removed = 0
        while part := list(islice(found, ROWS_A_CALL)):
            deletes = []
            for user_id, cells in part:
                column = _interface.TColumn(family, qualifier, cells[tag, version].offset + 1)
                deletes.append(_interface.TDelete(row=profile_row(user_id), columns=[column]))
            self._ask("removing cells", lambda client, deletes=deletes: client.deleteMultiple(self._table, deletes))
            removed += len(part)
        return removed

    def forget(self, user_id: str) -> int:
        """Remove a user's row, whatever a late write says: the marker is younger than every offset. How many cells it had.

        The bytes go at the table's next major compaction. Raises HBaseUnavailable.
        """
        cells = len(self.profile(user_id))
        # Also where no cell is seen: a version that is hidden, or a write on its way, falls under the marker too.
        deletes = [_interface.TDelete(row=profile_row(user_id))]
        self._ask("removing a profile", lambda client: client.deleteMultiple(self._table, deletes))
        return cells

    def _name(self) -> Any:
        return _interface.TTableName(qualifier=self._table)

    def _ask(self, doing: str, call: Callable[[Any], Any]) -> Any:
        """One call on a connection of ours. Every call may be made twice, so a connection that broke is tried anew."""
        while self._idle:
            try:
                client = self._idle.pop()
            except IndexError:
                break
            try:
                return self._returned(client, call)
            except _interface.TIOError as error:
                self._idle.append(client)
                raise self._unavailable(doing, error) from error
            except (OSError, TException):
                # It may have been idle while the gateway was restarted; then so were the others.
                client.close()
        try:
            return self._returned(self._connect(), call)
        except (OSError, TException) as error:
            raise self._unavailable(doing, error) from error

    def _returned(self, client: Any, call: Callable[[Any], Any]) -> Any:
        found = call(client)
        self._idle.append(client)
        return found

    def _connect(self) -> Any:
        return make_client(
            _interface.THBaseService,
            self._settings.host,
            self._settings.port,
            proto_factory=TCyBinaryProtocolFactory(),
            trans_factory=TCyBufferedTransportFactory(),
            timeout=int(self._settings.timeout_seconds * 1000),
        )

    def _unavailable(self, doing: str, error: Exception) -> HBaseUnavailable:
        said = getattr(error, "message", None) or str(error) or type(error).__name__
        lines = str(said).strip().splitlines()
        return HBaseUnavailable(
            f"hbase at {self._settings.host}:{self._settings.port}: {doing} {self._settings.table!r}: {lines[0][:300]}"
        )


def _column(of: tuple[str, int], cell: ProfileCell) -> Any:
    family, _, qualifier = profile_column(*of).partition(b":")
    value = orjson.dumps({"value": cell.value, "at": cell.changed_at_ms})
    return _interface.TColumnValue(family=family, qualifier=qualifier, value=value, timestamp=cell.offset + 1)


def _profile(result: Any) -> Profile:
    found: Profile = {}
    for column in result.columnValues:
        tag, _, version = column.qualifier.decode().rpartition(".v")
        held = orjson.loads(column.value)
        found[tag, int(version)] = ProfileCell(held["value"], held["at"], column.timestamp - 1)
    return found
