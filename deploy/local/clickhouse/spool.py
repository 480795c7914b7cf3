"""A result that is complete before it is sent: small ones in memory, large ones in a file without a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

MEMORY_BYTES = 16 << 20
PART_BYTES = 1 << 20


class Spool:
    """The parts of a result, all of them taken at once; iterate to read them, `size` bytes, and close."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        # Lives as long as the answer is sent: closed by the server, through `close`.
        self._file = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115
        try:
            self.size = sum(self._file.write(part) for part in parts)
        except BaseException:
            self._file.close()
            raise
        self._file.seek(0)

    def __iter__(self) -> Iterator[bytes]:
        try:
            while part := self._file.read(PART_BYTES):
                yield part
        finally:
            self._file.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
