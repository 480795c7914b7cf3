"""The notebooks as files: valid, clean, and made of names that there are. Those of ClickHouse run in test_notebooks_run."""

import ast
import importlib
import json
import os

import pandas as pd
import pytest

from tagging.parity import Outcome, Stored, compare
from tests.notebooks import NOTEBOOKS, read
from tests.tutorial import NOTEBOOK, notebook

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb") if path != NOTEBOOK)


def code(name: str) -> str:
    return "\n\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")


def test_there_is_one_for_each_thing_to_look_at():
    assert [*NAMES, "tutorial"] == ["clickhouse", "flink-sql", "parity", "tutorial"] and NOTEBOOK.is_file()


def test_the_tutorials_notebook_has_the_steps_of_the_readme():
    if os.environ.get("UPDATE_GOLDEN"):
        NOTEBOOK.write_text(json.dumps(notebook(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(NOTEBOOK.read_text(encoding="utf-8")) == notebook()


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_anybodys_results(name):
    for cell in read(name).cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_a_notebook_imports_is_there(name):
    imports = [node for node in ast.walk(ast.parse(code(name))) if isinstance(node, ast.ImportFrom)]
    assert imports
    for node in imports:
        module = importlib.import_module(str(node.module))
        assert [each.name for each in node.names if not hasattr(module, each.name)] == []


def test_the_parity_notebooks_tables_count_all_users_and_name_those_that_differ():
    stored = {"ann": Stored("Oslo", 1), "ben": Stored("Bern", 1), "eve": Stored("Kyiv", 200)}
    found = compare("city", "hbase", {"ann": "Oslo", "ben": "Rome", "eve": "Lviv"}, stored, 100)
    tables = {"pd": pd, "Outcome": Outcome, "results": [found]}
    for cell in [cell.source for cell in read("parity").cells if cell.cell_type == "code"][1:]:
        exec(cell, tables)
    [row] = tables["counts"].to_dict("records")
    assert row == {"tag": "city", "store": "hbase", "equal": 1, "missing": 0, "extra": 0, "different": 1, "pending": 1}
    assert tables["differing"].to_dict("records") == [
        {"tag": "city", "store": "hbase", "user_id": "ben", "outcome": "different", "batch": "Rome", "stored": "Bern"}
    ]


def test_the_zeppelin_note_asks_as_zeppelin_can():
    [path] = NOTEBOOKS.glob("*.zpln")
    note = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"tagstream_{note['id']}.zpln"
    paragraphs = note["paragraphs"]
    assert len({paragraph["id"] for paragraph in paragraphs}) == len(paragraphs)
    for paragraph in paragraphs:
        assert paragraph["text"].split("\n")[0] in ("%md", "%jdbc")
