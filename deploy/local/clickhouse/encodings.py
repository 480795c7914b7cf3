"""Content encodings: of what clients send, and of what they accept."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame
import zstandard

from deploy.local.clickhouse.errors import CANNOT_DECOMPRESS, UNKNOWN_COMPRESSION, ClickHouseError

_UNPACKERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "x-gzip": lambda: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "deflate": zlib.decompressobj,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "lz4": lz4.frame.LZ4FrameDecompressor,
}
_BROKEN = (zlib.error, zstandard.ZstdError, RuntimeError, EOFError)


def unpacked(parts: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """A body's parts as they were before they were packed; frames may follow one another.

    Raises ClickHouseError for an unknown coding at once, and for bytes that are not so coded, or end too early, on the way.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return parts
    if coding not in _UNPACKERS:
        raise ClickHouseError(
            UNKNOWN_COMPRESSION,
            f"Unknown compression method {coding!r}; allowed: {', '.join(_UNPACKERS)}. (UNKNOWN_COMPRESSION_METHOD)",
        )
    return _unpacked(parts, _UNPACKERS[coding])


def _unpacked(parts: Iterator[bytes], make: Callable[[], Any]) -> Iterator[bytes]:
    unpacker = None
    try:
        for part in parts:
            while part:
                unpacker = unpacker or make()
                if plain := unpacker.decompress(part):
                    yield plain
                if not unpacker.eof:
                    break
                part, unpacker = unpacker.unused_data or b"", None
    except _BROKEN as error:
        raise ClickHouseError(CANNOT_DECOMPRESS, f"Cannot decompress the body: {error}. (CANNOT_DECOMPRESS)") from error
    if unpacker is not None:
        raise ClickHouseError(
            CANNOT_DECOMPRESS, "Cannot decompress the body: it ends before its end. (CANNOT_DECOMPRESS)"
        )


def accepted(header: str) -> str | None:
    """The first coding of an Accept-Encoding header that this side can make, or None."""
    for offer in header.split(","):
        name, _, quality = offer.partition(";")
        name = name.strip().lower()
        if name in ("gzip", "deflate", "zstd", "lz4") and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return name
    return None


def packed(parts: Iterator[bytes], coding: str | None) -> Iterator[bytes]:
    """The parts so coded; None leaves them as they are. Where the parts break off, the coding is still brought to its end."""
    if coding is None:
        return parts
    if coding == "lz4":
        packer: Any = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        return _packed(parts, packer.begin(), packer.compress, packer.flush)
    if coding == "zstd":
        packer = zstandard.ZstdCompressor(level=1).compressobj()
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    else:
        packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS + (16 if coding == "gzip" else 0))
        block = zlib.Z_SYNC_FLUSH
    return _packed(parts, b"", lambda part: packer.compress(part) + packer.flush(block), packer.flush)


def _packed(
    parts: Iterator[bytes], begin: bytes, compress: Callable[[bytes], bytes], end: Callable[[], bytes]
) -> Iterator[bytes]:
    if begin:
        yield begin
    try:
        for part in parts:
            yield compress(part)
    except ConnectionAbortedError:
        # A reader may hold back what it has until the end is there.
        yield end()
        raise
    yield end()
