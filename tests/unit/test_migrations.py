"""The registry's migrations as files: a process compares the revision of the newest with what the database holds."""

from __future__ import annotations

import runpy

from stores.registry.schema import MIGRATIONS, newest_revision


def test_each_migration_comes_after_the_one_whose_file_is_named_before_it():
    files = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))
    read = [runpy.run_path(str(file)) for file in files]
    revisions = [found["revision"] for found in read]
    assert [found.get("down_revision") for found in read] == [None, *revisions[:-1]]
    assert newest_revision() == revisions[-1]
