"""The Kubernetes manifests: reading them, and what they are valid by."""

from __future__ import annotations

import json
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.deployed import DEPLOY, ROOT

KUBERNETES = DEPLOY / "kubernetes"
BASE = KUBERNETES / "base"
PRODUCTION = KUBERNETES / "overlays" / "production"
APPLICATION = KUBERNETES / "overlays" / "application"
VERSION = "1.34"
FLINK = json.loads((ROOT / "tests" / "data" / "kubernetes" / "flinkdeployment.json").read_text(encoding="utf-8"))
OF_KUSTOMIZE = {"kustomization.yaml", "kustomizeconfig.yaml"}
WORKLOADS = ("Deployment", "Job")


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML text."""
    return [document for document in YAML(typ="safe").load_all(text) if document]


def base() -> list[dict[str, Any]]:
    """The documents of the base; copies of one's own."""
    files = [path for path in sorted(BASE.glob("*.yaml")) if path.name not in OF_KUSTOMIZE]
    return [document for path in files for document in pickle.loads(_read(path))]


@cache
def _read(path: Path) -> bytes:
    return pickle.dumps(documents(path.read_text(encoding="utf-8")))


def of_kind(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """Those of some kinds."""
    return [document for document in found if document["kind"] in kinds]


def named(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The one of a kind and name."""
    [document] = [each for each in of_kind(found, kind) if each["metadata"]["name"] == name]
    return document


_schema = cache(kubernetes_validate.utils.schema_contents)
"""A megabyte of JSON, read once and not for every document."""


def validate(document: dict[str, Any]) -> None:
    """Raises ValidationError, of kubernetes_validate or jsonschema, where it is wrong."""
    if document["kind"] != "FlinkDeployment":
        _validate(document)
        return
    jsonschema.validate(document, FLINK)
    pod = {"metadata": {"labels": {"any": "label"}}, "spec": document["spec"]["podTemplate"]["spec"]}
    as_deployment = {"selector": {"matchLabels": {"any": "label"}}, "template": pod}
    _validate({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"}, "spec": as_deployment})


def _validate(document: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", _schema)
        kubernetes_validate.validate(document, VERSION, strict=True)


def containers(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The containers of all workloads."""
    return [c for document in of_kind(found, *WORKLOADS) for c in document["spec"]["template"]["spec"]["containers"]]


def settings_file(path: Path) -> dict[str, str]:
    """A file of NAME=value lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
