"""The Kubernetes manifests: valid by Kubernetes' schemas, in step with the local stack, guarded, and without a secret."""

import re
import tomllib

import jsonschema
import kubernetes_validate
import pytest

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
from tests.manifests import (
    APPLICATION,
    BASE,
    KUBERNETES,
    OF_KUSTOMIZE,
    PRODUCTION,
    WORKLOADS,
    base,
    containers,
    named,
    of_kind,
    settings_file,
    validate,
)

__all__ = ["local"]
VERSION_OF_OURS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


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
    assert set(listed) == {path.name for path in BASE.glob("*.yaml")} - OF_KUSTOMIZE


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
        # The container's own number of cores takes its place; the local stack has one a slot.
        "taskmanager.cpu.cores": spec["flinkConfiguration"]["taskmanager.numberOfTaskSlots"],
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
