"""Every way to a tag's values, for a reader who may not see them: live, by an older version, kept in something, or worked out.

`flag` is tried in three registries: an older version was public and the live one is restricted; the live one is public and a draft
says that it is to be restricted; the live one is public and an older one was restricted.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from stores.registry.previews import Preview
from tagging import lifecycle
from tagging.access import Role
from tagging.definition import TagDefinition, definition_text
from tagging.tag_reads import TagRead
from tests.access_app import Guarded, guarded, sensitive
from tests.delta_lives import publish
from tests.fakes.api_stores import AT_MS, seeded
from tests.fakes.memory_history import StoredChange
from tests.small_model import add_model
from tests.unit.test_api_crowd_snapshots import work

RULE = {"tag": "flag", "in": [True]}
SECRET = {"name": "secret", "title": "Secret", "rule": RULE}
HOOK = {"url": "https://hooks.example.com/in", "secret": "a secret of both sides"}
AT_1 = {"If-Match": '"1"'}


def flag(sensitivity: str, version: int) -> TagDefinition:
    return replace(sensitive("flag", sensitivity, "boolean"), version=version)


def served(live: TagDefinition, *others: TagDefinition) -> Guarded:
    """Values of both versions are in all stores; a model reads version 1."""
    world = seeded()
    add_model(world.models)
    for rows in world.profiles.values.values():
        rows += [replace(row, version=2) for row in rows if row.tag == "flag"]
    world.statistics.rows += [replace(row, version=2) for row in world.statistics.rows if row.tag == "flag"]
    world.history.stored += [StoredChange("u1", "flag", version, True, AT_MS - 50, version) for version in (1, 2)]
    access = guarded(world)
    world.registry.definitions = [*world.registry.definitions[:2], live]
    world.registry.others = others
    return access


def becomes_restricted() -> Guarded:
    return served(flag("restricted", 2), flag("public", 1))


def to_become_restricted() -> Guarded:
    return served(flag("public", 1), flag("restricted", 2))


def was_restricted() -> Guarded:
    return served(flag("public", 2), flag("restricted", 1))


HIDDEN = [becomes_restricted, to_become_restricted]


def refused(answer) -> bool:
    return answer.status_code == 403 and answer.json["error"]["code"] == "values_masked"


def versions_asked(version: int) -> list[str]:
    return [f"/users/u1/tags/flag{what}?version={version}" for what in ("", "/changes", "/why")]


@pytest.mark.parametrize("registry", HIDDEN)
@pytest.mark.parametrize("version", [1, 2])
def test_no_version_of_a_restricted_tag_is_told_of_a_user(registry, version):
    access = registry()
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)
    for path in versions_asked(version):
        assert refused(editor.send("GET", path)), path
        answer = approver.send("GET", path)
        assert (answer.status_code, answer.json["version"]) == (200, version), path
    assert not refused(editor.send("GET", "/users/u1/tags/flag?version=9"))


def test_an_older_version_that_was_restricted_stays_so_when_the_tag_is_public():
    access = was_restricted()
    editor = access.browser(Role.EDITOR)
    assert [refused(editor.send("GET", path)) for path in versions_asked(1)] == [True] * 3
    assert [editor.send("GET", path).status_code for path in versions_asked(2)] == [200] * 3


@pytest.mark.parametrize("registry", HIDDEN)
def test_a_profile_masks_it_now_live_and_in_the_past(registry):
    access = registry()
    editor = access.browser(Role.EDITOR)
    [tag] = [tag for tag in editor.send("GET", "/users/u1").json["tags"] if tag["tag"] == "flag"]
    assert (tag["masked"], tag["value"]) == (True, None)
    assert '"masked":true' in editor.send("GET", "/users/u1/live?seconds=0").text.partition('"flag"')[2][:200]
    assert "flag" not in {tag["tag"] for tag in editor.send("GET", "/users/u1/tags").json["tags"]}
    assert "flag" in {tag["tag"] for tag in access.browser(Role.APPROVER).send("GET", "/users/u1/tags").json["tags"]}


@pytest.mark.parametrize("registry", HIDDEN)
def test_counts_lists_crowds_portraits_and_breakdowns_of_it_are_refused(registry):
    access = registry()
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)
    assert approver.send("POST", "/crowds", json=SECRET).status_code == 201
    gold = {"name": "gold", "title": "Gold", "rule": {"tag": "tier", "in": ["gold"]}}
    assert editor.send("POST", "/crowds", json=gold).status_code == 201
    trends = {"period": {"last_days": 7}, "breakdown": "flag"}
    for method, path, body in [
        ("GET", "/tags/flag/users", None),
        ("POST", "/crowds/estimate", {"rule": {"not": RULE}}),
        ("POST", "/crowds", {**SECRET, "name": "mine"}),
        ("GET", "/crowds/secret/members", None),
        ("GET", "/crowds/secret/export", None),
        ("GET", "/crowds/secret/portrait", None),
        ("GET", "/crowds/gold/portrait?base=secret", None),
        ("GET", "/crowds/secret/past", None),
        ("GET", "/crowds/secret/moves?user=u1", None),
        ("POST", "/crowds/secret/snapshots", None),
        ("POST", "/behaviour/trends", trends),
    ]:
        given = {} if body is None else {"json": body}
        assert refused(editor.send(method, path, **given)), path
        assert not refused(approver.send(method, path, **given)), path
    detail = editor.send("GET", "/tags/flag").json
    assert (detail["masked"], detail["sensitivity"], detail["distribution"]) == (True, "restricted", [])
    told = {item["tag"] for item in editor.send("GET", "/crowds/gold/portrait").json["items"]}
    assert told == {"tier", "spend"}


def snapshot_of(access: Guarded) -> str:
    approver = access.browser(Role.APPROVER)
    assert approver.send("POST", "/crowds", json=SECRET).status_code == 201
    id = approver.send("POST", "/crowds/secret/snapshots").json["id"]
    work(access.world)
    return id


def now(access: Guarded, live: list[TagDefinition], *others: TagDefinition) -> None:
    access.world.registry.definitions = [*access.world.registry.definitions[:2], *live]
    access.world.registry.others = others


@pytest.mark.parametrize(
    ("live", "others", "hidden"),
    [
        ([flag("public", 2)], [flag("restricted", 1)], True),
        ([], [flag("restricted", 1)], True),
        ([], [], True),
        ([flag("restricted", 2)], [flag("public", 1)], True),
        ([flag("public", 2)], [flag("public", 1)], False),
        ([], [flag("public", 1)], False),
    ],
    ids=["declassified", "retired", "forgotten", "restricted since", "public", "retired public"],
)
def test_a_snapshot_is_as_restricted_as_the_version_that_it_keeps(live, others, hidden):
    access = served(flag("public", 1))
    id = snapshot_of(access)
    now(access, live, *others)
    editor = access.browser(Role.EDITOR)
    assert refused(editor.send("GET", f"/crowds/secret/snapshots/{id}/members")) is hidden
    assert refused(editor.send("GET", f"/crowds/secret/snapshots/{id}/changes?since={id}")) is hidden
    one = editor.send("GET", f"/crowds/secret/snapshots/{id}").json
    [listed] = editor.send("GET", "/crowds/secret/snapshots").json["items"]
    assert one == listed
    assert (one["masked"], one["users"]) == (hidden, None if hidden else 1)


def watched(access: Guarded) -> None:
    """An editor's crowd over the flag, while that is public: told of two users, and sent to a hook."""
    editor = access.browser(Role.EDITOR, "ann")
    assert editor.send("POST", "/crowds", json=SECRET).status_code == 201
    assert editor.send("PUT", "/crowds/secret/watch", json={"tells_present": True}).status_code == 200
    assert editor.send("POST", "/crowds/secret/hooks", json=HOOK).status_code == 201
    publish(access.world.crowd_times, {2, 4})
    held = access.world.crowd_times.watches.held["secret"]
    planned = replace(held.planned, told=(("flag", 1),), rule="")
    access.world.crowd_times.watches.held["secret"] = replace(held, planned=planned)


def ways_to_deltas(browser) -> list[bool]:
    hook = browser.send("GET", "/crowds/secret/hooks").json["items"][0]
    return [
        refused(browser.send(method, f"/crowds/secret/{path}", **({"json": body} if body is not None else {})))
        for method, path, body in [
            ("GET", "watch", None),
            ("GET", "deltas", None),
            ("GET", "deltas/export", None),
            ("GET", f"hooks/{hook['id']}/deliveries", None),
            ("POST", f"hooks/{hook['id']}/replay", {"after": 0}),
            ("POST", "hooks", HOOK),
        ]
    ]


def test_deltas_are_as_restricted_as_every_version_that_they_were_told_by():
    access = served(flag("public", 1))
    watched(access)
    bob = access.browser(Role.EDITOR, "bob")
    crowd = {"title": "Now by tier", "rule": {"tag": "tier", "in": ["gold"]}}
    approver = access.browser(Role.APPROVER)
    assert approver.send("PUT", "/crowds/secret", headers=AT_1, json=crowd).status_code == 200
    assert ways_to_deltas(approver) == [False] * 6
    assert ways_to_deltas(bob)[:4] == [False] * 4
    for live, others in (
        ([flag("restricted", 2)], [flag("public", 1)]),
        ([flag("public", 2)], [flag("restricted", 1)]),
    ):
        now(access, live, *others)
        assert ways_to_deltas(bob)[:4] == [True] * 4
        assert ways_to_deltas(approver) == [False] * 6


def test_an_owner_who_may_no_longer_see_the_values_has_no_deltas_sent_again():
    access = served(flag("public", 1))
    watched(access)
    now(access, [flag("restricted", 2)], flag("public", 1))
    saved = access.world.crowds.all()["secret"]
    assert saved.owner == "ann"
    ann = access.sign("ann")
    assert ways_to_deltas(ann) == [True] * 6
    [hook] = ann.send("GET", "/crowds/secret/hooks").json["items"]
    assert ann.send("DELETE", f"/crowds/secret/hooks/{hook['id']}").status_code == 204


def test_what_is_computed_from_an_older_version_is_masked_when_its_tag_becomes_restricted():
    access = becomes_restricted()
    read = TagRead("flag", 1, "boolean")
    shown = replace(sensitive("tier", "public"), sql="SELECT user_id, 'x' AS value FROM TAG(flag)", reads=(read,))
    access.world.registry.definitions = [shown, *access.world.registry.definitions[1:]]
    editor = access.browser(Role.EDITOR)
    [tag] = [tag for tag in editor.send("GET", "/users/u1").json["tags"] if tag["tag"] == "tier"]
    assert (tag["masked"], tag["value"]) == (True, None)
    assert refused(editor.send("GET", "/users/u1/tags/tier/why"))


def test_predictions_tell_no_value_by_reasons_nor_by_what_if():
    access = to_become_restricted()
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)

    def ask(browser, **more):
        body = {"model": "buys", "user_ids": ["u1"], "reasons": True, "record": False, **more}
        return browser.send("POST", "/predictions", json=body)

    reasons = {reason["feature"]: reason for reason in ask(editor).json["items"][0]["reasons"]}
    assert (reasons["flag"]["value"], reasons["flag"]["points"], reasons["flag"]["masked"]) == (None, None, True)
    assert list(reasons)[-1] == "flag"
    assert reasons["tier"]["points"] is not None
    assert ask(approver).json["items"][0]["reasons"][0]["points"] is not None
    # With the score of every other value one would know the user's own; and with those of the others all set, as well.
    for what_if in ({"flag": True}, {"tier": "silver"}):
        assert refused(ask(editor, what_if=what_if))
        assert ask(approver, what_if=what_if).status_code == 200


def file(sensitivity: str, name: str = "flag") -> str:
    return definition_text(replace(flag(sensitivity, 1), name=name))


@pytest.mark.parametrize("registry", HIDDEN)
def test_a_preview_tells_neither_the_live_version_nor_a_draft_to_who_may_not_see_them(registry):
    access = registry()
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)
    for text in (file("public"), file("restricted", "other")):
        assert refused(editor.send("POST", "/tag-previews", json={"text": text}))
        made = approver.send("POST", "/tag-previews", json={"text": text})
        assert made.status_code == 202
        assert refused(editor.send("GET", f"/tag-previews/{made.json['id']}"))
    assert editor.send("POST", "/tag-previews", json={"text": file("public", "other")}).status_code == 202


def test_a_preview_that_was_asked_for_before_is_masked_when_the_tag_becomes_restricted():
    access = served(flag("public", 1))
    access.world.publishing.previews.ask(Preview("a" * 32, file("public"), "ann", AT_MS))
    editor = access.browser(Role.EDITOR)
    assert editor.send("GET", f"/tag-previews/{'a' * 32}").status_code == 202
    now(access, [flag("restricted", 2)], flag("public", 1))
    assert refused(editor.send("GET", f"/tag-previews/{'a' * 32}"))


def registered(access: Guarded, *texts: str) -> None:
    """`flag` in the registry of versions: the first text is live, the others are drafts."""
    tag = lifecycle.adopt(lifecycle.Tag("flag", "growth", "behaviour"), 1, texts[0], "ann", AT_MS, "tags")
    for text in texts[1:]:
        tag = lifecycle.add(tag, text, "ann", AT_MS)
    access.world.publishing.versions.save(tag, [])


def test_the_cause_of_a_failed_proof_names_users_and_values_to_those_who_may_see_them():
    access = to_become_restricted()
    registered(access, file("public"), file("restricted"))
    versions = access.world.publishing.versions
    cause = "hbase: 3 users differ between stream and batch, as u1 batch True stored None (tie)"
    versions.save(lifecycle.fail(versions.tag("flag"), 2, cause, AT_MS), [])
    for role, told in ((Role.VIEWER, cause.partition(", as ")[0]), (Role.APPROVER, cause)):
        browser = access.browser(role)
        assert browser.send("GET", "/tags/flag/versions/2/progress").json["cause"] == told
        assert browser.send("GET", "/tags/flag/versions").json["items"][0]["cause"] == told
        [open] = browser.send("GET", "/tag-versions?status=failed").json["items"]
        assert open["cause"] == told


def test_nobody_makes_a_tag_public_whose_values_they_may_not_see():
    access = served(flag("restricted", 1))
    registered(access, file("restricted"))
    editor, approver = access.browser(Role.EDITOR), access.browser(Role.APPROVER)

    def draft(browser, sensitivity: str, revision: int):
        body = {"text": f"{file(sensitivity)}-- {revision}\n"}
        return browser.send("POST", "/tags/flag/versions", json=body, headers={"If-Match": f'"{revision}"'})

    assert refused(draft(editor, "public", 1)) and refused(draft(editor, "personal", 1))
    assert draft(editor, "restricted", 1).status_code == 201
    assert draft(approver, "public", 2).status_code == 201


def test_a_value_kept_in_memory_for_one_reader_is_not_told_to_another():
    access = to_become_restricted()
    assert access.browser(Role.APPROVER).send("GET", "/tags/flag").json["distribution"]
    assert access.browser(Role.EDITOR).send("GET", "/tags/flag").json["distribution"] == []
