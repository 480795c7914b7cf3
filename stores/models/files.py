"""Files of models by the hash of their content: whoever reads one knows that it is what was written."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, insert, select

from stores.models.tables import ModelFileRow

LARGEST_FILE_BYTES = 12 * 1024 * 1024
"""Below the packet that MySQL takes by default."""


class DamagedFile(Exception):
    """A file's content is not what its hash says."""


def put(connection: Connection, content: bytes) -> str:
    """Keep a file, once; returns its SHA-256. Raises ValueError for one that is empty or too large."""
    if not 0 < len(content) <= LARGEST_FILE_BYTES:
        raise ValueError(f"a model's file: got {len(content):,} bytes, allowed 1 to {LARGEST_FILE_BYTES:,}")
    sha256 = hashlib.sha256(content).hexdigest()
    held = select(ModelFileRow.sha256).where(ModelFileRow.sha256 == sha256)
    if connection.execute(held).one_or_none() is None:
        connection.execute(insert(ModelFileRow).values(sha256=sha256, content=content))
    return sha256


def get(connection: Connection, sha256: str) -> bytes:
    """A file's content. Raises LookupError when there is none, DamagedFile when it was changed."""
    row = connection.execute(select(ModelFileRow.content).where(ModelFileRow.sha256 == sha256)).one_or_none()
    if row is None:
        raise LookupError(f"there is no file {sha256}")
    content = bytes(row.content)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DamagedFile(f"model file {sha256}: its content has the hash {found}; train the model again")
    return content
