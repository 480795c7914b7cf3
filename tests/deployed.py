"""What the tests of the deployment files share: reading them, and what they are held against."""

import pickle
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from deploy.local.layout import Layout
from deploy.local.ports import USUAL_PORTS
from deploy.local.services import ALL
from deploy.local.services.apps import APPS
from stores.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
_OFF_HEAP = "taskmanager.memory.task.off-heap.size"
_REPLACED = {"command", "test", "entrypoint"}
"""Lists of which an override's takes the place of the first one's; all other lists are appended to."""


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file of one document; a copy of one's own."""
    return pickle.loads(_read(path))


@cache
def _read(path: Path) -> bytes:
    return pickle.dumps(YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def compose() -> dict[str, Any]:
    """The compose file."""
    return read_yaml(COMPOSE / "compose.yaml")


def compose_with_canal() -> dict[str, Any]:
    """The compose file under its Canal override, as compose merges the two."""
    return merged(compose(), read_yaml(COMPOSE / "compose.canal.yaml"))


def merged(first: Any, over: Any, name: str = "") -> Any:
    """Two compose files as one."""
    if isinstance(first, dict) and isinstance(over, dict):
        both = {key: merged(first[key], over[key], key) for key in first.keys() & over.keys()}
        return {**first, **over, **both}
    if isinstance(first, list) and isinstance(over, list) and name not in _REPLACED:
        return [*first, *over]
    return over


def pom_versions() -> dict[str, str]:
    """The versions that the local stack's Java parts are pinned to."""
    text = (DEPLOY / "local" / "pom.xml").read_text(encoding="utf-8")
    return dict(re.findall(r"<([a-z.]+)\.version>([^<]+)<", text))


def python_version(name: str) -> str:
    """The version that constraints.txt pins a package to."""
    found = re.search(rf"^{name}==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"constraints.txt pins no {name}"
    return found[1]


def setting_names(model: type[BaseModel] = Settings, prefix: str = "TAGSTREAM_") -> set[str]:
    """Every variable that is a setting."""
    found = set()
    for name, field in model.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        found |= setting_names(field.annotation, f"{prefix}{name.upper()}__") if nested else {prefix + name.upper()}
    return found


def no_settings(names: Iterable[str]) -> set[str]:
    """Those variables of Tagstream that no setting has."""
    return {name for name in names if name.startswith("TAGSTREAM_")} - setting_names() - {"TAGSTREAM_CONFIG"}


def app_commands() -> dict[str, list[str]]:
    """Each process of Tagstream as the local stack starts it."""
    return {app.name: ["python", *app.command(Layout("any"))[1:]] for app in APPS}


FLINK_ADDRESSES = {
    "blob.server.port",
    "env.java.opts.all",  # the image has its own
    "execution.checkpointing.dir",
    "execution.checkpointing.savepoint-dir",
    "io.tmp.dirs",
    "jobmanager.bind-host",
    "jobmanager.rpc.address",
    "jobmanager.rpc.port",
    "rest.address",
    "rest.bind-address",
    "rest.bind-port",
    "rest.port",
    "taskmanager.bind-host",
    "taskmanager.data.port",
    "taskmanager.host",
    "taskmanager.resource-id",
    "taskmanager.rpc.port",
}
"""Options that say where things are, and so differ from one deployment to the next."""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the local stack's services write their configuration, with the usual ports."""
    monkeypatch.setattr(Layout, "data", lambda _self, _name: tmp_path)
    monkeypatch.setattr(Layout, "tmp", lambda _self, _name: tmp_path)
    monkeypatch.setattr(Layout, "port", lambda _self, name: USUAL_PORTS[name])
    # With this Kafka's storage passes for formatted.
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "meta.properties").touch()
    return tmp_path


def written(local: Path, service: str, file: str) -> str:
    """A configuration file as a service of the local stack writes it."""
    ALL[service].prepare(Layout("any"))
    return (local / file).read_text(encoding="utf-8")


def flink_that_differs(local_text: str, deployed: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """Flink's options whose values differ from the local stack's, addresses aside."""
    ours = {key: str(value) for key, value in YAML(typ="safe").load(local_text).items() if key not in FLINK_ADDRESSES}
    theirs = {key: str(value) for key, value in deployed.items()}
    # RocksDB's memory is a part of the container's, and beyond Flink's account in the local stack.
    if theirs.get(_OFF_HEAP) == theirs.get("state.backend.rocksdb.memory.fixed-per-tm"):
        theirs[_OFF_HEAP] = ours[_OFF_HEAP]
    found = {key: (value, theirs.get(key, "")) for key, value in ours.items()}
    return {key: values for key, values in found.items() if values[0].lower() != values[1].lower()}
