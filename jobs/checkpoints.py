"""Where a job left off: its newest checkpoint or savepoint, found in the state directory even when the cluster forgot the job."""

from __future__ import annotations

from pyarrow import fs

METADATA = "_metadata"
BEGAN_FROM = "began_from"
_NAMED_IN_SAVEPOINTS = 6
"""Flink names a savepoint by so many letters of the job's id."""


def newest_state(state_dir: str, job_id: str) -> str | None:
    """The path of the newest complete checkpoint or savepoint of a Flink job, or None when it has none.

    A job that was stopped with a savepoint has no checkpoint any more; one that ended before its first checkpoint is
    where it began. `state_dir` is a URI (file, hdfs, s3). Raises OSError when the file system cannot be read.
    """
    filesystem, root = fs.FileSystem.from_uri(state_dir)
    root = root.rstrip("/")
    checkpoints = _complete(filesystem, f"{root}/checkpoints/{job_id}", "chk-")
    savepoints = _complete(filesystem, f"{root}/savepoints", f"savepoint-{job_id[:_NAMED_IN_SAVEPOINTS]}-")
    newest = sorted(savepoints, key=lambda info: info.mtime)[-1:]
    # Their numbers tell the order of checkpoints more finely than times do.
    newest += sorted(checkpoints, key=lambda info: int(_folder(info).rsplit("-", 1)[1]))[-1:]
    if not newest:
        return _beginning(filesystem, f"{root}/checkpoints/{job_id}/{BEGAN_FROM}")
    path = _folder(max(newest, key=lambda info: info.mtime))
    scheme, rest = state_dir.split("://", 1)
    return f"{scheme}://{rest.split('/', 1)[0]}{path}" if path.startswith("/") else f"{scheme}://{path}"


def note_beginning(state_dir: str, job_id: str, path: str) -> None:
    """Keep with a job from which checkpoint or savepoint it began. Raises OSError when the file system cannot be written."""
    filesystem, root = fs.FileSystem.from_uri(state_dir)
    folder = f"{root.rstrip('/')}/checkpoints/{job_id}"
    filesystem.create_dir(folder)
    with filesystem.open_output_stream(f"{folder}/{BEGAN_FROM}") as file:
        file.write(path.encode())


def completed_ms(path: str) -> int | None:
    """When a checkpoint or savepoint was complete, epoch ms; None when it is gone. Raises OSError when it cannot be looked for.

    `path`: as Flink says it, whose `file:/…` has one slash.
    """
    filesystem, root = fs.FileSystem.from_uri(path if "://" in path else path.replace(":/", ":///", 1))
    info = filesystem.get_file_info(f"{root.rstrip('/')}/{METADATA}")
    return int(info.mtime.timestamp() * 1000) if info.type is fs.FileType.File else None


def _complete(filesystem: fs.FileSystem, folder: str, prefix: str) -> list[fs.FileInfo]:
    """The metadata files below a folder in folders of such names; what has none was never completed."""
    found = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
    return [info for info in found if info.base_name == METADATA and _folder(info).rsplit("/", 1)[1].startswith(prefix)]


def _beginning(filesystem: fs.FileSystem, file: str) -> str | None:
    if filesystem.get_file_info(file).type is not fs.FileType.File:
        return None
    with filesystem.open_input_stream(file) as opened:
        path = opened.read().decode()
    return path if completed_ms(path) is not None else None


def _folder(info: fs.FileInfo) -> str:
    return info.path.rsplit("/", 1)[0]


def remove(state_dir: str, job_id: str) -> None:
    """Remove all checkpoints of a Flink job that has ended. Raises OSError when the file system cannot be written."""
    filesystem, root = fs.FileSystem.from_uri(state_dir)
    folder = f"{root.rstrip('/')}/checkpoints/{job_id}"
    if filesystem.get_file_info(folder).type is not fs.FileType.NotFound:
        filesystem.delete_dir(folder)
