"""The notebooks as files: valid, clean, and made of names that there are. Those of ClickHouse run in test_notebooks_run."""

import ast
import importlib
import json

import pytest

from tests.notebooks import NOTEBOOKS, read

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def code(name: str) -> str:
    return "\n\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")


def test_there_is_one_for_each_thing_to_look_at():
    assert NAMES == ["clickhouse", "flink-sql", "parity"]


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


def test_the_zeppelin_note_asks_as_zeppelin_can():
    [path] = NOTEBOOKS.glob("*.zpln")
    note = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"tagstream_{note['id']}.zpln"
    paragraphs = note["paragraphs"]
    assert len({paragraph["id"] for paragraph in paragraphs}) == len(paragraphs)
    for paragraph in paragraphs:
        assert paragraph["text"].split("\n")[0] in ("%md", "%jdbc")
