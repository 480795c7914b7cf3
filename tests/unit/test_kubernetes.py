"""The Kubernetes manifests: valid by Kubernetes' schemas, in step with the local stack, guarded, and without a secret."""

import json
import pickle
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.deployed import (
    DEPLOY,
    ROOT,
    app_commands,
    compose,
    flink_that_differs,
    local,
    no_settings,
    pom_versions,
    python_version,
    read_yaml,
    written,
)

__all__ = ["local"]
KUBERNETES = DEPLOY / "kubernetes"
BASE = KUBERNETES / "base"
PRODUCTION = KUBERNETES / "overlays" / "production"
APPLICATION = KUBERNETES / "overlays" / "application"
VERSION = "1.34"
FLINK = json.loads((ROOT / "tests" / "data" / "kubernetes" / "flinkdeployment.json").read_text(encoding="utf-8"))
_OF_KUSTOMIZE = {"kustomization.yaml", "kustomizeconfig.yaml"}
WORKLOADS = ("Deployment", "Job")
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kustomize comes with kubectl")
VERSION_OF_OURS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in YAML(typ="safe").load_all(text) if document]


def base() -> list[dict[str, Any]]:
    files = [path for path in sorted(BASE.glob("*.yaml")) if path.name not in _OF_KUSTOMIZE]
    return [document for path in files for document in pickle.loads(_read(path))]


@cache
def _read(path: Path) -> bytes:
    return pickle.dumps(documents(path.read_text(encoding="utf-8")))


def rendered(folder: Path) -> list[dict[str, Any]]:
    return pickle.loads(_rendered(folder))


@cache
def _rendered(folder: Path) -> bytes:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return pickle.dumps(documents(done.stdout))


def of_kind(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [document for document in found if document["kind"] in kinds]


def named(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [document] = [each for each in of_kind(found, kind) if each["metadata"]["name"] == name]
    return document


@pytest.fixture(scope="module", autouse=True)
def schemas_are_read_once() -> Iterator[None]:
    """A megabyte of JSON for every document otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


def validate(document: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError where it is wrong."""
    if document["kind"] != "FlinkDeployment":
        kubernetes_validate.validate(document, VERSION, strict=True)
        return
    jsonschema.validate(document, FLINK)
    pod = {"metadata": {"labels": {"any": "label"}}, "spec": document["spec"]["podTemplate"]["spec"]}
    as_deployment = {"selector": {"matchLabels": {"any": "label"}}, "template": pod}
    kubernetes_validate.validate(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"}, "spec": as_deployment},
        VERSION,
        strict=True,
    )


def containers(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [c for document in of_kind(found, *WORKLOADS) for c in document["spec"]["template"]["spec"]["containers"]]


def settings_file(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("document", base(), ids=lambda d: f"{d['kind']}-{d['metadata']['name']}")
def test_a_manifest_is_valid(document):
    validate(document)


def test_a_field_that_kubernetes_does_not_know_is_found():
    document = named(base(), "Deployment", "clock")
    document["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        validate(document)


@pytest.mark.parametrize(
    ("where", "key"), [((), "flinkVersoin"), (("taskManager",), "resources"), (("podTemplate", "spec"), "volume")]
)
def test_a_field_that_the_flink_operator_does_not_know_is_found(where, key):
    document = named(base(), "FlinkDeployment", "flink")
    inner = document["spec"]
    for step in where:
        inner = inner[step]
    inner[key] = {}
    with pytest.raises(jsonschema.ValidationError, match=key):
        validate(document)


@needs_kubectl
def test_the_production_overlay_is_valid_and_whole():
    found = rendered(PRODUCTION)
    for document in found:
        validate(document)
    assert {d["metadata"]["namespace"] for d in found} == {"tagstream"}
    settings = named(found, "ConfigMap", next(d["metadata"]["name"] for d in of_kind(found, "ConfigMap")))["data"]
    assert settings == settings_file(BASE / "settings.env") | settings_file(PRODUCTION / "settings.env")
    assert no_settings(settings) == set()
    referred = {c["envFrom"][0]["configMapRef"]["name"] for c in containers(found)}
    assert referred == {d["metadata"]["name"] for d in of_kind(found, "ConfigMap")}


@needs_kubectl
def test_flink_keeps_its_state_where_the_jobs_look_for_it():
    settings = settings_file(PRODUCTION / "settings.env")
    flink = named(rendered(PRODUCTION), "FlinkDeployment", "flink")["spec"]["flinkConfiguration"]
    state = settings["TAGSTREAM_FLINK__STATE_DIR"]
    assert flink["execution.checkpointing.dir"] == f"{state}/checkpoints"
    assert flink["execution.checkpointing.savepoint-dir"] == f"{state}/savepoints"
    assert flink["high-availability.storageDir"].startswith(state)


@needs_kubectl
def test_in_application_mode_the_tags_job_has_a_cluster_of_its_own():
    found = rendered(APPLICATION)
    for document in found:
        validate(document)
    assert {d["metadata"]["name"] for d in of_kind(found, "FlinkDeployment")} == {"flink", "flink-tags"}
    assert "submit" not in {d["metadata"]["name"] for d in of_kind(found, "Job")}
    [settings] = of_kind(found, "ConfigMap")
    assert settings["data"]["TAGSTREAM_FLINK__REST_URL"] == "http://flink-tags-rest:8081"
    assert settings["data"]["TAGSTREAM_FLINK__BATCH_REST_URL"] == "http://flink-rest:8081"
    assert no_settings(settings["data"]) == set()
    [container] = named(found, "Deployment", "controller")["spec"]["template"]["spec"]["containers"]
    [examples] = named(found, "Job", "submit-examples")["spec"]["template"]["spec"]["containers"]
    for beside in (container, examples):
        assert {"name": "TAGSTREAM_FLINK__REST_URL", "value": "http://flink-rest:8081"} in beside["env"]
    tags = named(found, "FlinkDeployment", "flink-tags")["spec"]
    [main] = tags["podTemplate"]["spec"]["containers"]
    assert main["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    assert str(tags["job"]["parallelism"]) == settings["data"]["TAGSTREAM_FLINK__PARALLELISM"]


@needs_kubectl
def test_the_tags_job_is_upgraded_by_a_savepoint_alone():
    tags = named(rendered(APPLICATION), "FlinkDeployment", "flink-tags")["spec"]
    assert tags["job"]["upgradeMode"] == "savepoint" and not tags["job"]["allowNonRestoredState"]
    assert tags["flinkConfiguration"]["kubernetes.operator.job.upgrade.last-state-fallback.enabled"] == "false"
    assert tags["job"]["args"][-2:] == ["-pym", "jobs.application"] and find_spec("jobs.application")
    session = named(rendered(APPLICATION), "FlinkDeployment", "flink")["spec"]["flinkConfiguration"]
    assert session.items() <= tags["flinkConfiguration"].items()


@needs_kubectl
def test_sinks_scale_by_lag_and_never_beyond_the_partitions(tmp_path):
    copied = shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    text = (copied / "overlays" / "production" / "kustomization.yaml").read_text(encoding="utf-8")
    text += "components:\n  - ../../components/scale-by-lag\n"
    (copied / "overlays" / "production" / "kustomization.yaml").write_text(text, encoding="utf-8")
    scalers = of_kind(rendered(copied / "overlays" / "production"), "HorizontalPodAutoscaler")
    partitions = int(settings_file(PRODUCTION / "settings.env")["TAGSTREAM_KAFKA__PARTITIONS"])
    sinks = [scaler for scaler in scalers if scaler["metadata"]["name"].startswith("sink-")]
    assert len(sinks) == 5
    for scaler in scalers:
        validate(scaler)
    for scaler in sinks:
        assert scaler["spec"]["maxReplicas"] == partitions
        assert [metric["type"] for metric in scaler["spec"]["metrics"]] == ["Resource", "Pods"]


def test_every_process_of_the_local_stack_is_deployed():
    deployed = {d["metadata"]["name"].replace("-", "_"): d for d in of_kind(base(), "Deployment")}
    wanted = {name: command for name, command in app_commands().items() if name != "generator"}
    assert deployed.keys() == wanted.keys()
    for name, document in deployed.items():
        [container] = document["spec"]["template"]["spec"]["containers"]
        assert container["command"] == wanted[name]


def test_the_jobs_that_run_to_their_end_are_those_of_compose():
    services = {name.replace("_", "-"): service["command"] for name, service in compose()["services"].items()
                if name.startswith("submit")}  # fmt: skip
    assert services.keys() == {"submit", "submit-examples"}
    for name, command in services.items():
        [container] = named(base(), "Job", name)["spec"]["template"]["spec"]["containers"]
        assert container["command"] == command


def test_every_file_is_part_of_the_base():
    listed = read_yaml(BASE / "kustomization.yaml")["resources"]
    assert set(listed) == {path.name for path in BASE.glob("*.yaml")} - _OF_KUSTOMIZE


def test_every_process_is_probed():
    for document in of_kind(base(), "Deployment"):
        [container] = document["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] in {port["name"] for port in container["ports"]}, document["metadata"]["name"]


def test_every_container_has_bounds_and_no_rights_that_it_does_not_need():
    for document in of_kind(base(), *WORKLOADS):
        pod = document["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"]["memory"]
            allowed = container["securityContext"]
            assert allowed["readOnlyRootFilesystem"] and not allowed["allowPrivilegeEscalation"]
            assert allowed["capabilities"] == {"drop": ["ALL"]}


def test_what_scales_and_what_may_be_evicted_is_a_deployment_with_these_pods():
    deployments = {d["metadata"]["name"]: d["spec"] for d in of_kind(base(), "Deployment")}
    for spec in deployments.values():
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    for scaler in of_kind(base(), "HorizontalPodAutoscaler"):
        # A number of replicas here would undo the scaler's at each apply.
        assert "replicas" not in deployments[scaler["spec"]["scaleTargetRef"]["name"]]
    selected = [d["spec"]["selector"]["matchLabels"] for d in of_kind(base(), "PodDisruptionBudget")]
    assert {s["app.kubernetes.io/name"] for s in selected} == deployments.keys() - {"clock", "bitmaps", "learner"}
    service = named(base(), "Service", "api")["spec"]
    assert service["selector"] == deployments["api"]["selector"]["matchLabels"]


def test_what_must_run_alone_is_stopped_before_it_is_started_anew():
    for name in ("clock", "bitmaps", "learner"):
        spec = named(base(), "Deployment", name)["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_only_who_asks_whether_a_user_was_erased_has_the_secret_of_erasures():
    holders = {
        container["name"]
        for container in containers(base())
        if "TAGSTREAM_ERASURE__SECRET" in {variable["name"] for variable in container["env"]}
    }
    asking = {
        path.stem.replace("_", "-")
        for path in (ROOT / "jobs").glob("*.py")
        if "from jobs.suppression import" in path.read_text(encoding="utf-8")
    }
    assert "sink-predictions" in asking and holders == {*asking, "eraser", "api"}


def test_every_variable_is_a_setting_and_every_secret_a_reference():
    assert of_kind(base(), "Secret") == []
    for container in containers(base()):
        ours = [variable for variable in container["env"] if variable["name"].startswith("TAGSTREAM_")]
        assert no_settings(variable["name"] for variable in ours) == set()
        assert all(
            variable["valueFrom"]["secretKeyRef"]["name"] == "tagstream-secrets" for variable in container["env"]
        )
        passwords = {variable["name"] for variable in ours} - {"TAGSTREAM_ERASURE__SECRET"}
        assert passwords == {f"TAGSTREAM_{n}__PASSWORD" for n in ("MYSQL", "CLICKHOUSE")} | {
            "TAGSTREAM_KAFKA__SASL_PASSWORD"
        }
    for path in KUBERNETES.rglob("*.env"):
        assert no_settings(settings_file(path)) == set()
        assert not re.search("password|secret|token|access_key", "".join(settings_file(path)), re.IGNORECASE)


def test_flink_is_configured_as_in_the_local_stack(local):
    spec = named(base(), "FlinkDeployment", "flink")["spec"]
    deployed = spec["flinkConfiguration"] | {
        "jobmanager.memory.process.size": spec["jobManager"]["resource"]["memory"],
        # The container's own number of cores takes its place.
        "taskmanager.cpu.cores": "8",
    }
    assert flink_that_differs(written(local, "jobmanager", "config.yaml"), deployed) == {}


def test_flinks_parts_of_memory_add_up_to_its_container():
    spec = named(base(), "FlinkDeployment", "flink")["spec"]
    parts = {key: value for key, value in spec["flinkConfiguration"].items() if key.startswith("taskmanager.memory.")}
    sizes = [int(value.removesuffix("m")) for key, value in parts.items() if not key.endswith(".min")]
    assert f"{sum(sizes)}m" == spec["taskManager"]["resource"]["memory"]


def test_versions_are_those_of_the_local_stack():
    flink = python_version("apache-flink")
    spec = named(base(), "FlinkDeployment", "flink")["spec"]
    assert spec["flinkVersion"] == "v" + flink.rpartition(".")[0].replace(".", "_")
    tags = read_yaml(KUBERNETES / "components" / "application-mode" / "flink-tags.yaml")["spec"]
    assert tags["flinkVersion"] == spec["flinkVersion"]
    assert tags["job"]["jarURI"] == f"local:///opt/flink/opt/flink-python-{flink}.jar"
    plugin = next(v["value"] for v in spec["podTemplate"]["spec"]["containers"][0]["env"] if "value" in v)
    assert plugin == f"flink-s3-fs-presto-{flink}.jar"
    jar = settings_file(BASE / "settings.env")["TAGSTREAM_FLINK__CONNECTOR_JAR"]
    assert jar.endswith(f"-{pom_versions()['flink.kafka']}.jar")
    for folder in (BASE, PRODUCTION, APPLICATION):
        assert {i["newTag"] for i in read_yaml(folder / "kustomization.yaml")["images"]} == {VERSION_OF_OURS}


def test_prometheus_finds_the_same_jobs_as_under_compose():
    ours, theirs = (
        [job["job_name"] for job in read_yaml(DEPLOY / "prometheus" / name)["scrape_configs"]]
        for name in ("kubernetes.yml", "prometheus.yml")
    )
    assert ours == theirs


def test_the_api_asks_who_is_there_since_others_reach_it():
    assert settings_file(BASE / "settings.env")["TAGSTREAM_API__ACCESS"] == "required"
