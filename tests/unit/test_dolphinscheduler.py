"""The workflow for DolphinScheduler: one definition, two ways in, and every command one that there is."""

import json
import re
import shlex
import subprocess
from importlib.util import find_spec

import pytest
from pydolphinscheduler.core.task import Task

from deploy.dolphinscheduler import definition, submit
from deploy.dolphinscheduler.definition import STEPS
from deploy.dolphinscheduler.export import CODES, FILE, text
from jobs.models.definitions import builtin

SHARED = (
    *("name", "description", "taskType", "flag", "taskPriority", "workerGroup", "failRetryTimes", "failRetryInterval"),
    *("timeoutFlag", "timeoutNotifyStrategy", "timeout", "delayTime", "taskGroupId", "taskExecuteType"),
    *("cpuQuota", "memoryMax"),
)


@pytest.fixture
def sdk(monkeypatch):
    """The SDK's objects; the codes are those that its gateway would give."""
    monkeypatch.setattr(Task, "gen_code_and_version", lambda task: (CODES[task.name], 1))
    return submit.workflow()


def imported() -> dict:
    [found] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def test_the_file_is_what_the_definition_says():
    assert FILE.read_text(encoding="utf-8") == text(), "run `python -m deploy.dolphinscheduler.export`"


def test_both_ways_have_the_same_tasks(sdk):
    file = {task["name"]: task for task in imported()["taskDefinitionList"]}
    made = {task["name"]: task for task in sdk.task_definition_json}
    assert file.keys() == made.keys() == {step.name for step in STEPS}
    for name, task in made.items():
        assert {key: task[key] for key in SHARED} == {key: file[name][key] for key in SHARED}
        assert task["taskParams"]["rawScript"] == file[name]["taskParams"]["rawScript"]
        assert task["code"] == file[name]["code"]


def test_both_ways_have_the_same_order(sdk):
    def pairs(relations):
        return {(relation["preTaskCode"], relation["postTaskCode"]) for relation in relations}

    file = pairs(imported()["processTaskRelationList"])
    assert file == pairs(sdk.task_relation_json)
    assert {(CODES["verify"], CODES["publish"]), (0, CODES["backfill"])} <= file


def test_both_ways_have_the_same_schedule_parameters_and_limits(sdk):
    process, schedule = imported()["processDefinition"], imported()["schedule"]
    assert sdk.schedule_json["crontab"] == schedule["crontab"]
    assert sdk.schedule_json["timezoneId"] == schedule["timezoneId"]
    assert sdk.param_json == json.loads(process["globalParams"])
    assert (sdk.name, sdk.description, sdk.timeout) == (process["name"], process["description"], process["timeout"])
    assert (sdk.execution_type, sdk.warning_type) == (process["executionType"], schedule["warningType"])
    assert sdk.release_state == 0 and process["releaseState"] == "OFFLINE"


def test_nothing_runs_on_a_schedule_before_a_person_switches_it_on(sdk):
    assert not sdk.online_schedule
    assert imported()["schedule"]["releaseState"] == "OFFLINE"


def test_every_command_is_a_module_of_ours():
    for step in STEPS:
        modules = re.findall(r"python -m ([a-z.]+)", step.command)
        assert modules, step.name
        assert all(find_spec(module) for module in modules)
        shlex.split(step.command)


def test_every_parameter_is_used_and_every_one_that_is_used_is_given():
    used = {name for step in STEPS for name in re.findall(r"\$\{(\w+)\}", step.command)}
    assert used == definition.PARAMETERS.keys()


def test_nothing_is_published_or_merged_before_the_proof_is_green():
    after = {step.name: step.after for step in STEPS}
    assert after["publish"] == after["compact"] == ("verify",)
    assert after["verify"] == ("backfill",)


def test_every_built_in_model_is_trained_each_night_and_a_refusal_fails_its_step():
    commands = {step.name: step.command for step in STEPS}
    trained = {name for name in builtin() if name in commands["train"] + commands["spend"]}
    assert trained == builtin().keys()
    assert "|| exit $?" in commands["train"]


@pytest.mark.parametrize(("training", "scoring", "status"), [(0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 1, 1)])
def test_a_refused_training_of_expected_spend_is_told_and_the_version_in_use_scores_all_the_same(
    tmp_path, training, scoring, status
):
    called = tmp_path / "called"
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$3" >> {called}\n[ "$3" = train ] && exit {training}\nexit {scoring}\n', encoding="utf-8"
    )
    python.chmod(0o755)
    [command] = [step.command for step in STEPS if step.name == "spend"]
    done = subprocess.run(["bash", "-c", command], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert (done.returncode, called.read_text().split()) == (status, ["train", "score"])
