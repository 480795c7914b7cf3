"""Java command lines."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.local.layout import MEASURED_STACK, Layout

QUICK_TO_START = "-XX:TieredStopAtLevel=1"
"""The second compiler costs more of a start than it saves. A TaskManager of 150 tasks came back in half of the time without."""


def java(
    class_path: str,
    main: str,
    *arguments: str,
    heap_mb: int,
    layout: Layout,
    service: str,
    options: Sequence[str] = (),
) -> list[str]:
    """A command that runs a Java class with so much heap; it dies, rather than lingers, when that is not enough."""
    memory = [f"-Xmx{heap_mb}m", f"-Xms{min(heap_mb, 128)}m", "-XX:+ExitOnOutOfMemoryError"]
    if not any(option.startswith("-XX:+Use") for option in options):
        memory.append("-XX:+UseSerialGC")
    # What a killed process leaves there goes with the folder, and does not fill /tmp.
    fixed = ["-Djava.net.preferIPv4Stack=true", f"-Djava.io.tmpdir={layout.tmp(service)}"]
    # Else a crash is written down in whatever folder the stack was started from.
    fixed.append(f"-XX:ErrorFile={layout.log(f'{service}-crash-%p')}")
    return ["java", *memory, *fixed, *quick_to_start(layout), *options, "-cp", class_path, main, *arguments]


def quick_to_start(layout: Layout) -> list[str]:
    """The options of a Java machine that starts quickly: none in the stack that is measured."""
    return [] if layout.stack == MEASURED_STACK else [QUICK_TO_START]


def properties(values: dict[str, str]) -> str:
    """A Java properties file."""
    return "".join(f"{key}={value}\n" for key, value in values.items())
