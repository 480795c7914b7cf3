"""The Python client that is generated from the API's document, used against the API over a port."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.client import GENERATOR, PACKAGE, generate
from deploy.local.layout import REPOSITORY
from tagging.access import Role
from tests.access_app import Guarded, guarded
from tests.browser import serving
from tests.fakes.api_stores import seeded
from tests.publishing_client import text


def example() -> str:
    """The program of the README."""
    section = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("## A Python client", 1)[1]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("client")
    generate(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def access() -> Guarded:
    return guarded(seeded(7))


@pytest.fixture
def base(access) -> Iterator[str]:
    with serving(access.app) as base:
        yield base


def module(name: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{name}")


def signed_in(base: str, access: Guarded, role: Role = Role.ADMIN) -> Any:
    token = access.key(role)["Authorization"].removeprefix("Bearer ")
    return module("client").AuthenticatedClient(base, token=token, raise_on_unexpected_status=True)


def test_there_is_a_module_for_every_operation_and_each_can_be_imported(folder):
    from api.links import operations_of
    from deploy.client import document

    modules = [found.name for found in pkgutil.walk_packages([str(folder / PACKAGE)], f"{PACKAGE}.")]
    for name in modules:
        importlib.import_module(name)
    generated = {name.rpartition(".")[2] for name in modules if re.fullmatch(rf"{PACKAGE}\.api\.\w+\.\w+", name)}
    assert generated == set(operations_of(document()))


def test_the_readmes_program_passes_mypy_and_does_what_it_says(folder, access, base, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(example(), encoding="utf-8")
    settings = os.environ | {"MYPYPATH": str(folder), "PYTHONPATH": str(folder), "TAGSTREAM_URL": base}
    settings["TAGSTREAM_KEY"] = access.key(Role.EDITOR)["Authorization"].removeprefix("Bearer ")
    checking = [GENERATOR / "mypy", "--strict", "--follow-imports=silent", "--cache-dir", tmp_path / "cache", program]
    checked = subprocess.run(checking, env=settings, capture_output=True, text=True, timeout=300)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    first, second = (
        subprocess.run([sys.executable, program], env=settings, capture_output=True, text=True, timeout=60)
        for _ in range(2)
    )
    assert first.stdout == "u1 u3\nu5\n", first.stderr
    assert second.returncode == 1 and "gold" in second.stderr


def test_a_tag_is_registered_once_by_its_key_and_its_versions_are_listed(folder, access, base):
    models, client = module("models"), signed_in(base, access)
    made = module("api.tags.create_tag").sync(client=client, body=models.TextIn(text=text()), idempotency_key="once")
    again = module("api.tags.create_tag").sync(client=client, body=models.TextIn(text=text()), idempotency_key="once")
    assert isinstance(made, models.Version) and (made.tag, made.version) == ("heat", 1) and again == made
    listed = module("api.tags.list_versions").sync("heat", client=client)
    assert [version.version for version in listed.items] == [1]


def test_a_list_is_paged_to_its_end(folder, access, base):
    client, users, cursor = signed_in(base, access), [], None
    while True:
        page = module("api.users.search_users").sync(client=client, search="u", limit=3, cursor=cursor)
        users += [user.user_id for user in page.items]
        cursor = page.next_
        if cursor is None:
            break
    assert users == [f"u{number}" for number in range(7)]


def test_what_is_refused_comes_as_an_error_with_its_problems(folder, access, base):
    models = module("models")
    answer = module("api.tags.create_tag").sync_detailed(
        client=signed_in(base, access), body=models.TextIn(text="SELECT 1")
    )
    assert answer.status_code == 422 and isinstance(answer.parsed, models.Error)
    assert answer.parsed.error.code == "invalid_input" and answer.parsed.error.problems
    missing = module("api.crowds.read_crowd").sync("nobody", client=signed_in(base, access))
    assert isinstance(missing, models.Error) and missing.error.code == "crowd_not_found"


def test_a_change_that_did_not_read_the_newest_revision_is_refused(folder, access, base):
    models, client = module("models"), signed_in(base, access)
    rule = {"tag": "tier", "in": ["gold"]}
    module("api.crowds.create_crowd").sync(
        client=client, body=models.CrowdIn(name="vip", title="Best", rule=models.CrowdInRule.from_dict(rule))
    )
    change = models.CrowdChange(title="Better", rule=models.CrowdChangeRule.from_dict(rule))
    changed = module("api.crowds.change_crowd").sync("vip", client=client, body=change, if_match='"1"')
    assert (changed.title, changed.revision) == ("Better", 2)
    late = module("api.crowds.change_crowd").sync_detailed("vip", client=client, body=change, if_match='"1"')
    assert late.status_code == 412 and isinstance(late.parsed, models.Error)


def test_nobody_without_a_key_is_let_in_and_a_profile_is_read_live_by_who_has_one(folder, access, base):
    models = module("models")
    stream = module("api.users.stream_profile")
    refused = stream.sync("u1", client=module("client").AuthenticatedClient(base, token="wrong"), seconds=0)
    assert isinstance(refused, models.Error) and refused.error.code == "key_refused"
    read = stream.sync("u1", client=signed_in(base, access), seconds=0)
    assert isinstance(read, str) and "event: profile\n" in read and '"user_id":"u1"' in read
