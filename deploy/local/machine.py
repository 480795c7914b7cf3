"""What this machine must have before a service can start."""

from __future__ import annotations

import re
import shutil
import subprocess

import psutil

JAVA_RELEASE = 17
MEMORY_GB = 6
"""What all services and a job need; they take less at first."""


class MachineProblem(RuntimeError):
    """Something that this machine lacks; the text says what and how to get it."""


def check_java() -> None:
    """Raises MachineProblem unless `java` is of the release that Flink and HBase run on here."""
    fix = f"fix: apt-get install openjdk-{JAVA_RELEASE}-jre-headless, and have it first on the PATH"
    if shutil.which("java") is None:
        raise MachineProblem(f"JDK {JAVA_RELEASE} is needed, and there is no `java`; {fix}")
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    said = (done.stderr + done.stdout).strip()
    release = re.search(r'version "(\d+)', said)
    if done.returncode != 0 or release is None or int(release[1]) != JAVA_RELEASE:
        first = said.splitlines()[0] if said else f"exit status {done.returncode}"
        raise MachineProblem(f"JDK {JAVA_RELEASE} is needed, `java -version` says: {first}; {fix}")


def memory_warning() -> str | None:
    """A line for the reader when there may be too little memory for everything."""
    free = psutil.virtual_memory().available / 2**30
    if free >= MEMORY_GB:
        return None
    return f"warning: {free:.1f} GiB of memory are free and about {MEMORY_GB} are used when all runs; end something if it is slow"
