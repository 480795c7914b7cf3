"""The compiled plans of streaming jobs, beside the state that belongs to them: a restart runs the very plan it stopped with.

To plan takes longer than to start: seconds of all the cores, just when a job that was down is to catch up.
"""

from __future__ import annotations

import hashlib
import inspect
from urllib.parse import quote

from pyarrow import fs
from pyflink.version import __version__ as flink_version

from jobs import examples, plan_extremes, plan_ids, state_ttl
from jobs.flink_environment import COMMON_OPTIONS, STREAM_OPTIONS
from jobs.statements import Statements, fingerprint
from stores import logs

FOLDER = "plans"
_MADE_BY = tuple(inspect.getsource(module) for module in (plan_ids, plan_extremes, state_ttl, examples))
log = logs.get("jobs.plans")


def plan_key(text: Statements, made_for: str) -> str:
    """What a plan depends on, as a hash: the SQL, Flink, its options, and how Tagstream changes plans (`made_for`: for what).

    A plan names its tables and says nothing of their options, so that no credential is in it; the key hashes them.
    """
    parts = (fingerprint(text), flink_version, repr(COMMON_OPTIONS), repr(STREAM_OPTIONS), made_for)
    return hashlib.sha256("\0".join((*parts, *_MADE_BY)).encode()).hexdigest()


def kept(state_dir: str, name: str, key: str) -> str | None:
    """The plan that is kept for the job of this name under this key, or None. `state_dir` is a URI (file, hdfs, s3).

    A folder that cannot be read or written costs a start its time, and no more.
    """
    try:
        filesystem, folder = _folder(state_dir, name)
        with filesystem.open_input_stream(f"{folder}/{key}") as file:
            return file.read().decode()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("plan_is_not_readable", job=name, cause=str(error))
        return None


def keep(state_dir: str, name: str, key: str, plan: str) -> None:
    """Keep a plan in place of the job's others."""
    try:
        filesystem, folder = _folder(state_dir, name)
        filesystem.create_dir(folder)
        # Whoever reads it must not see half of it.
        with filesystem.open_output_stream(f"{folder}/{key}.part") as file:
            file.write(plan.encode())
        filesystem.move(f"{folder}/{key}.part", f"{folder}/{key}")
        for info in filesystem.get_file_info(fs.FileSelector(folder)):
            if info.base_name != key:
                filesystem.delete_file(info.path)
    except OSError as error:
        log.warning("plan_is_not_kept", job=name, cause=str(error))


def forget(state_dir: str, name: str) -> None:
    """Remove what is kept for a job, if anything. Raises OSError when the file system cannot be written."""
    filesystem, folder = _folder(state_dir, name)
    if filesystem.get_file_info(folder).type is not fs.FileType.NotFound:
        filesystem.delete_dir(folder)


def _folder(state_dir: str, name: str) -> tuple[fs.FileSystem, str]:
    filesystem, root = fs.FileSystem.from_uri(state_dir)
    return filesystem, f"{root.rstrip('/')}/{FOLDER}/{quote(name, safe='')}"
