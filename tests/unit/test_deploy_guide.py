"""What the operators' guide says that can be checked: settings, secrets, files, modules and numbers."""

import re
from importlib.util import find_spec
from pathlib import Path

from tests.deployed import DEPLOY, no_settings, read_yaml, setting_names

GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")
MANIFESTS = "".join(
    path.read_text(encoding="utf-8") for path in (DEPLOY / "kubernetes").rglob("*") if path.suffix in (".yaml", ".env")
)


def settings_named() -> set[str]:
    """Variables in the guide's words; `A__B`, `__C` in one row means A__B and A__C."""
    found = set()
    for row in GUIDE.splitlines():
        group = ""
        for name in re.findall(r"`(TAGSTREAM_[A-Z0-9_]*[A-Z0-9]|__[A-Z_]+)(?=[`=])", row):
            group = name.partition("__")[0] if name.startswith("TAGSTREAM") else group
            found.add(name if name.startswith("TAGSTREAM") else group + name)
    return found


def test_every_variable_that_the_guide_names_is_a_setting():
    named = settings_named()
    assert {"TAGSTREAM_KAFKA__SASL_USERNAME", "TAGSTREAM_MYSQL__SSL_CA_FILE"} <= named <= setting_names()
    assert no_settings(named) == set()


def test_the_secrets_that_the_guide_makes_are_those_that_the_manifests_read():
    made = set(re.findall(r"--from-file=([a-z.-]+)", GUIDE))
    read = set(re.findall(r"name: tagstream-secrets, key: ([a-z-]+)", MANIFESTS))
    read |= set(re.findall(r"/etc/tagstream/ca/([a-z.]+)$", MANIFESTS, re.MULTILINE))
    assert made == read


def test_every_file_and_module_that_the_guide_names_is_there():
    files = {name for name in re.findall(r"deploy/[\w./-]+\w", GUIDE) if "*" not in name}
    files |= {f"deploy/{name}" for name in re.findall(r"`((?:compose|dolphinscheduler|prometheus)/[\w./-]+\w)`", GUIDE)}
    assert len(files) > 5
    root = Path(DEPLOY).parent
    # Made by who deploys.
    missing = {name for name in files if not (root / name).exists()} - {"deploy/compose/.env"}
    assert {name for name in missing if not list(root.glob(f"{name}*"))} == set()
    assert [module for module in re.findall(r"python -m ([a-z.]+[a-z])", GUIDE) if not find_spec(module)] == []


def test_there_are_as_many_alerts_as_the_guide_says():
    groups = read_yaml(DEPLOY / "prometheus" / "rules.yaml")["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert f"{len(alerts)} alerts" in GUIDE
