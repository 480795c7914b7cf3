"""The registry of models: the one in MySQL, and the one in memory."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from stores.models.files import LARGEST_FILE_BYTES, DamagedFile
from stores.models.registry import Deed, ModelRegistry, Stage
from stores.mysql import MySQLUnavailable
from stores.registry.engine import engine
from stores.registry.schema import migrate
from stores.settings import MySQL, Settings
from tests.fakes.memory_models import MemoryModels

AT_MS = 1_790_000_000_123
METRICS = {"auc": 0.75, "bins": [[0.1, 0.12]]}
LINEAGE = {"as_of": [AT_MS], "名": "金"}


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.stack)])
def models(request):
    if request.param == "memory":
        yield MemoryModels()
        return
    settings = request.getfixturevalue("stack").settings
    migrate(settings)
    real = ModelRegistry(settings)
    yield real
    # Their files are no models: on the stack that others use, nothing may go on asking them.
    for model in real.models():
        if model.name.startswith("m_"):
            real.set_live(model.name, None, "tests", AT_MS)
    real.close()


@pytest.fixture
def name(models):
    found = f"m_{uuid.uuid4().hex[:12]}"
    models.define(found, "name = 'x'", "ann", AT_MS)
    return found


def test_a_training_is_kept_in_the_shadow_with_its_file(models, name):
    made = models.add(name, b"weights \x00\xff", METRICS, LINEAGE, "ann", AT_MS)
    assert (made.version, made.stage, made.metrics, made.lineage) == (1, Stage.SHADOW, METRICS, LINEAGE)
    assert models.file(made.sha256) == b"weights \x00\xff"
    held = models.model(name)
    assert (held.versions, held.live, held.live_version) == ((made,), None, None)
    assert name in {model.name for model in models.models()}


def test_the_audit_log_says_how_a_version_was_made(models, name):
    models.add(name, b"a", METRICS, LINEAGE, "ann", AT_MS)
    models.add(name, b"b", METRICS, LINEAGE, "bob", AT_MS + 1, "entered: the file b")
    assert models.audit(name, 2) == [
        Deed(2, "bob", "entered: the file b", AT_MS + 1),
        Deed(1, "ann", "trained", AT_MS),
    ]


def test_one_version_is_live_and_the_one_before_is_retired_and_can_come_back(models, name):
    for content in (b"a", b"b"):
        models.add(name, content, METRICS, LINEAGE, "ann", AT_MS)
    models.set_live(name, 1, "ann", AT_MS + 1)
    held = models.set_live(name, 2, "bob", AT_MS + 2)
    assert [(each.version, each.stage) for each in held.versions] == [(2, Stage.LIVE), (1, Stage.RETIRED)]
    back = models.set_live(name, 1, "bob", AT_MS + 3)
    assert (back.live.version, [each.stage for each in back.versions]) == (1, [Stage.RETIRED, Stage.LIVE])
    none = models.set_live(name, None, "bob", AT_MS + 4)
    assert none.live is None and {each.stage for each in none.versions} == {Stage.RETIRED}
    assert models.audit(name, 4)[::-1] == [
        Deed(1, "ann", "made live; before: none", AT_MS + 1),
        Deed(2, "bob", "made live; before: 1", AT_MS + 2),
        Deed(1, "bob", "made live; before: 2", AT_MS + 3),
        Deed(1, "bob", "taken out of use", AT_MS + 4),
    ]


def test_what_changes_nothing_is_not_noted(models, name):
    models.add(name, b"a", METRICS, LINEAGE, "ann", AT_MS)
    models.set_live(name, 1, "ann", AT_MS)
    before = models.audit(name)
    models.set_live(name, 1, "bob", AT_MS + 1)
    models.define(name, "name = 'x'", "bob", AT_MS + 1)
    assert models.audit(name) == before
    models.define(name, "name = 'y'", "bob", AT_MS + 2)
    assert models.audit(name, 1) == [Deed(None, "bob", "definition changed", AT_MS + 2)]
    assert models.model(name).definition == "name = 'y'"


def test_two_trainings_of_the_same_result_share_a_file(models, name):
    first, second = (models.add(name, b"same", METRICS, LINEAGE, "ann", AT_MS) for _ in range(2))
    assert first.sha256 == second.sha256 and (first.version, second.version) == (1, 2)


def test_trainings_at_once_have_a_number_each(models, name):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda i: models.add(name, b"%d" % i, METRICS, LINEAGE, "ann", AT_MS), range(4)))
    assert sorted(each.version for each in made) == [1, 2, 3, 4]


def test_what_is_unknown_or_too_large_is_refused(models, name):
    for refused in (
        lambda: models.add("nobody", b"a", METRICS, LINEAGE, "ann", AT_MS),
        lambda: models.set_live("nobody", None, "ann", AT_MS),
        lambda: models.set_live(name, 7, "ann", AT_MS),
        lambda: models.file("0" * 64),
    ):
        with pytest.raises(LookupError):
            refused()
    for content in (b"", b"x" * (LARGEST_FILE_BYTES + 1)):
        with pytest.raises(ValueError, match="a model's file"):
            models.add(name, content, METRICS, LINEAGE, "ann", AT_MS)
    assert models.model("nobody") is None


def test_a_note_is_the_newest_line_of_the_trail_and_fits_it(models):
    name = f"m_{uuid.uuid4().hex[:12]}"
    with pytest.raises(LookupError):
        models.note(name, "ann", "asked", AT_MS)
    models.define(name, "x", "ann", AT_MS)
    models.note(name, "bob", "asked", AT_MS + 1)
    assert models.audit(name)[0] == Deed(None, "bob", "asked", AT_MS + 1)
    models.note(name, "bob", "金" * 300, AT_MS + 2)
    assert models.audit(name)[0].what == "金" * 199 + "…"


@pytest.mark.stack
def test_a_file_that_was_changed_in_the_store_is_not_used(stack):
    migrate(stack.settings)
    models = ModelRegistry(stack.settings)
    name = f"m_{uuid.uuid4().hex[:12]}"
    models.define(name, "x", "ann", AT_MS)
    made = models.add(name, uuid.uuid4().bytes, METRICS, LINEAGE, "ann", AT_MS)
    with engine(stack.settings).begin() as connection:
        connection.execute(text("UPDATE model_files SET content = 'evil' WHERE sha256 = :sha"), {"sha": made.sha256})
    with pytest.raises(DamagedFile, match=made.sha256):
        models.file(made.sha256)
    models.close()


def test_a_mysql_that_is_away_is_named():
    away = ModelRegistry(Settings(mysql=MySQL(host="127.0.0.1", port=1)), answer_seconds=0.2)
    with pytest.raises(MySQLUnavailable):
        away.models()
