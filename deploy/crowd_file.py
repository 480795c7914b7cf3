"""A crowd's users in a file, from the lines that the API sends: whole, or not there."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow
from pyarrow import parquet

BATCH = 20_000
SCHEMA = pyarrow.schema([("user_no", pyarrow.uint32()), ("user_id", pyarrow.string())])
Row = tuple[int, str]


class Format(StrEnum):
    """What a file holds."""

    CSV = "csv"
    PARQUET = "parquet"


class _Writer(Protocol):
    def rows(self, rows: list[Row]) -> None: ...

    def end(self) -> None: ...


def write(file: Path, format: Format, chunks: Iterable[bytes], advance: Callable[[int], None]) -> int:
    """Write users and return how many; `advance` is told on the way. Raises OSError, and whatever `chunks` raises."""
    done = 0
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as target:
            writer = _Parquet(target) if format is Format.PARQUET else _Csv(target)
            try:
                for rows in _batches(_rows(chunks)):
                    writer.rows(rows)
                    done += len(rows)
                    advance(done)
            finally:
                writer.end()
        # As any new file may be read; the temporary one is for its owner alone.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return done


class _Csv:
    def __init__(self, target: BinaryIO) -> None:
        self._text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self._csv.writerow(SCHEMA.names)

    def rows(self, rows: list[Row]) -> None:
        self._csv.writerows(rows)

    def end(self) -> None:
        self._text.detach()


class _Parquet:
    def __init__(self, target: BinaryIO) -> None:
        self._file = parquet.ParquetWriter(target, SCHEMA)

    def rows(self, rows: list[Row]) -> None:
        numbers, ids = zip(*rows, strict=True)
        self._file.write_table(pyarrow.table([numbers, ids], SCHEMA))

    def end(self) -> None:
        self._file.close()


def _rows(chunks: Iterable[bytes]) -> Iterator[Row]:
    """Lines of user_no and user_id; an id may hold a line's end, so that lines cannot be split by hand."""
    reader = csv.reader(_lines(chunks))
    if next(reader, None) != SCHEMA.names:
        raise OSError("what came is no list of users: its first line names other columns")
    for number, user_id in reader:
        yield int(number), user_id


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (f"{line.decode()}\n" for line in whole)
    if rest:
        yield rest.decode()


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
