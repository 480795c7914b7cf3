"""A tag as its author writes it: a header of `-- key: value` lines, then one SELECT of user_id and value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tagging.names import RESERVED_TAG_NAMES, TAG_NAME
from tagging.problems import Problem, TagProblems, did_you_mean
from tagging.tag_reads import READS_FORM, VALUE_TYPES, TagRead, parse_reads

DIMENSIONS = ("basic", "purchasing_power", "behaviour", "interest", "psychology", "social", "risk")
SENSITIVITIES = ("public", "personal", "restricted")
"""Who sees a tag's values: see `tagging.access.may_see`."""
LONGEST_HEADER_VALUE = 500

_HEADER = re.compile(r"--[ \t]*([A-Za-z_]+)[ \t]*:(.*)")
_REQUIRED = ("name", "title", "description", "type", "dimension", "owner")
_KEYS = (*_REQUIRED, "version", "reads", "sensitivity")


@dataclass(frozen=True)
class TagDefinition:
    """One version of a tag. `sql` is the author's text, and `first_line` its place in the file that it came from.

    `reads`: the versions of other tags that TAG(name) stands for.
    """

    name: str
    title: str
    description: str
    value_type: str
    dimension: str
    owner: str
    sql: str
    version: int = 1
    sensitivity: str = "public"
    first_line: int = field(default=1, compare=False)
    reads: tuple[TagRead, ...] = ()

    @property
    def flink_type(self) -> str:
        """The Flink type of the tag's values."""
        return VALUE_TYPES[self.value_type]


def parse_definition(text: str, origin: str = "") -> TagDefinition:
    """Read a tag's file. `origin` names it in messages. Raises TagProblems with everything wrong in the header."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    values: dict[str, str] = {}
    places: dict[str, int] = {}
    problems: list[Problem] = []
    last = 0
    for number, line in enumerate(lines, 1):
        if not line.startswith("--"):
            break
        last = number
        found = _HEADER.fullmatch(line.rstrip())
        if not found:
            problems.append(
                Problem(number, 1, "not a header line", "write -- key: value; other comments after the header")
            )
            continue
        key, value = found[1].lower(), found[2].strip()
        if key not in _KEYS:
            problems.append(Problem(number, 1, f"unknown header key {key!r}", did_you_mean(key, _KEYS)))
        elif key in values:
            problems.append(Problem(number, 1, f"header key {key!r} is given twice", f"first on line {places[key]}"))
        else:
            values[key], places[key] = value, number
    problems += [
        Problem(1, 1, f"the header has no {key!r}", f"add a line -- {key}: ...")
        for key in _REQUIRED
        if key not in values
    ]
    problems += [problem for key, value in values.items() for problem in _value_problems(key, value, places[key])]
    rest = lines[last:]
    blank = next((index for index, line in enumerate(rest) if line.strip()), None)
    if blank is None:
        problems.append(Problem(last + 1, 1, "there is no SELECT after the header", "add SELECT user_id, ... AS value"))
    if problems:
        raise TagProblems(problems, origin)
    return TagDefinition(
        name=values["name"],
        title=values["title"],
        description=values["description"],
        value_type=values["type"],
        dimension=values["dimension"],
        owner=values["owner"],
        sql="\n".join(rest[blank:]).rstrip(),
        version=int(values.get("version", "1")),
        sensitivity=values.get("sensitivity", "public"),
        first_line=last + 1 + (blank or 0),
        reads=parse_reads(values["reads"]) if "reads" in values else (),
    )


def _value_problems(key: str, value: str, line: int) -> list[Problem]:
    if not value:
        return [Problem(line, 1, f"header key {key!r} has no value")]
    if len(value) > LONGEST_HEADER_VALUE or not value.isprintable():
        return [Problem(line, 1, f"{key} is one line of at most {LONGEST_HEADER_VALUE} printable characters")]
    if key == "name" and not TAG_NAME.fullmatch(value):
        return [Problem(line, 1, f"{value!r} is not a tag name", "a-z, 0-9 and _, from a letter on, at most 63")]
    if key == "name" and value in RESERVED_TAG_NAMES:
        return [Problem(line, 1, f"no tag may be called {value!r}: the API has a path of this name")]
    if key == "type" and value not in VALUE_TYPES:
        return [Problem(line, 1, f"unknown type {value!r}", did_you_mean(value, VALUE_TYPES))]
    if key == "dimension" and value not in DIMENSIONS:
        return [Problem(line, 1, f"unknown dimension {value!r}", did_you_mean(value, DIMENSIONS))]
    if key == "sensitivity" and value not in SENSITIVITIES:
        return [Problem(line, 1, f"unknown sensitivity {value!r}", did_you_mean(value, SENSITIVITIES))]
    if key == "version" and not re.fullmatch(r"[1-9][0-9]{0,5}", value):
        return [Problem(line, 1, f"{value!r} is not a version", "a whole number from 1 on")]
    if key == "reads":
        try:
            parse_reads(value)
        except ValueError as error:
            return [Problem(line, 1, str(error), READS_FORM)]
    return []


def definition_text(definition: TagDefinition) -> str:
    """A tag as a file's text; `parse_definition` reads the same tag from it."""
    header = {
        "name": definition.name,
        "title": definition.title,
        "description": definition.description,
        "type": definition.value_type,
        "dimension": definition.dimension,
        "owner": definition.owner,
    }
    if definition.version != 1:
        header["version"] = str(definition.version)
    if definition.reads:
        header["reads"] = ", ".join(map(str, definition.reads))
    if definition.sensitivity != "public":
        header["sensitivity"] = definition.sensitivity
    return "".join(f"-- {key}: {value}\n" for key, value in header.items()) + f"\n{definition.sql}\n"
