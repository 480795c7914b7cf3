"""The Kubernetes overlays as kustomize makes them of the base."""

import pickle
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.deployed import no_settings
from tests.manifests import (
    APPLICATION,
    BASE,
    KUBERNETES,
    PRODUCTION,
    containers,
    documents,
    named,
    of_kind,
    settings_file,
    validate,
)

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kustomize comes with kubectl")


def rendered(folder: Path) -> list[dict[str, Any]]:
    return pickle.loads(_rendered(folder))


@cache
def _rendered(folder: Path) -> bytes:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return pickle.dumps(documents(done.stdout))


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


def test_flink_keeps_its_state_where_the_jobs_look_for_it():
    settings = settings_file(PRODUCTION / "settings.env")
    flink = named(rendered(PRODUCTION), "FlinkDeployment", "flink")["spec"]["flinkConfiguration"]
    state = settings["TAGSTREAM_FLINK__STATE_DIR"]
    assert flink["execution.checkpointing.dir"] == f"{state}/checkpoints"
    assert flink["execution.checkpointing.savepoint-dir"] == f"{state}/savepoints"
    assert flink["high-availability.storageDir"].startswith(state)


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


def test_the_tags_job_is_upgraded_by_a_savepoint_alone():
    tags = named(rendered(APPLICATION), "FlinkDeployment", "flink-tags")["spec"]
    assert tags["job"]["upgradeMode"] == "savepoint" and not tags["job"]["allowNonRestoredState"]
    assert tags["flinkConfiguration"]["kubernetes.operator.job.upgrade.last-state-fallback.enabled"] == "false"
    assert tags["job"]["args"][-2:] == ["-pym", "jobs.application"] and find_spec("jobs.application")
    session = named(rendered(APPLICATION), "FlinkDeployment", "flink")["spec"]["flinkConfiguration"]
    assert session.items() <= tags["flinkConfiguration"].items()


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
