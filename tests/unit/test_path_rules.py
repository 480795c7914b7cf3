"""Rules that are made ready to write paths where somebody asks for one."""

import pytest
from werkzeug.routing import BuildError, Map, Rule

from api.path_rules import PathRule

VALUES = {"name": "a/b é", "number": 3, "cursor": "x y"}


@pytest.mark.parametrize("append_unknown", [True, False])
def test_a_rule_writes_a_path_as_werkzeugs_own_does(append_unknown):
    ours, theirs = (
        Map([rule("/users/<name>/events/<int:number>", endpoint="event")]).bind("localhost")
        for rule in (PathRule, Rule)
    )
    written = theirs.build("event", VALUES, append_unknown=append_unknown)
    for _ in range(2):
        assert ours.build("event", VALUES, append_unknown=append_unknown) == written


def test_a_path_is_not_written_of_half_its_parts():
    rules = Map([PathRule("/users/<name>", endpoint="user")]).bind("localhost")
    with pytest.raises(BuildError):
        rules.build("user", {})
