"""Where a job left off: its newest complete checkpoint, found in the state directory even when the cluster forgot the job."""

from __future__ import annotations

from pyarrow import fs

METADATA = "_metadata"


def newest_checkpoint(state_dir: str, job_id: str) -> str | None:
    """The path of the newest complete checkpoint of a Flink job, or None when it has none.

    `state_dir` is a URI (file, hdfs, s3). Raises OSError when the file system cannot be read.
    """
    filesystem, folder = _folder(state_dir, job_id)
    found = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
    # A checkpoint without its metadata was never completed.
    complete = [info.path.rsplit("/", 1)[0] for info in found if info.base_name == METADATA]
    numbered = [path for path in complete if "/chk-" in path]
    if not numbered:
        return None
    newest = max(numbered, key=lambda path: int(path.rsplit("-", 1)[1]))
    scheme = state_dir.split("://", 1)[0]
    authority = state_dir.split("://", 1)[1].split("/", 1)[0]
    return f"{scheme}://{authority}{newest}" if newest.startswith("/") else f"{scheme}://{newest}"


def remove(state_dir: str, job_id: str) -> None:
    """Remove all checkpoints of a Flink job that has ended. Raises OSError when the file system cannot be written."""
    filesystem, folder = _folder(state_dir, job_id)
    if filesystem.get_file_info(folder).type is not fs.FileType.NotFound:
        filesystem.delete_dir(folder)


def _folder(state_dir: str, job_id: str) -> tuple[fs.FileSystem, str]:
    filesystem, root = fs.FileSystem.from_uri(state_dir)
    return filesystem, f"{root.rstrip('/')}/checkpoints/{job_id}"
