"""The one place where a request is let in: who asks, how often, by which page, with which role; and the audit log."""

from __future__ import annotations

import ipaddress

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api.access.actor import LOCAL, NOBODY, Actor, by
from api.access.declared import Rule, rule_of
from api.access.identity import Identity, signed_out
from api.access.throttle import Throttle
from api.errors import ApiError
from api.times import Clock
from stores import logs
from stores.access.accounts import Accounts
from stores.settings import Api
from tagging.accounts import Deed

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"]
log = logs.get("api.guard")


class OpenToTheWorld(Exception):
    """Access is open, and others than this machine can reach the API."""


def note(detail: str) -> None:
    """Add what is changed to the request's line in the audit log."""
    g.audit_detail = detail


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def require_loopback_or_access(api: Api) -> None:
    """Raises OpenToTheWorld for open access at an address that others reach."""
    if api.access == "open" and not _is_loopback(api.host):
        raise OpenToTheWorld(
            f"api.access is open, which makes everyone an admin, and api.host is {api.host}: "
            "set api.access to required, or api.host to 127.0.0.1"
        )


def register_open(app: Flask, api: Api) -> None:
    """Everyone is the local admin. Raises OpenToTheWorld."""
    require_loopback_or_access(api)
    # Another site's name that resolves to this machine would make its pages ours to the browser.
    app.config["TRUSTED_HOSTS"] = [*_LOCAL_NAMES, api.host]

    @app.before_request
    def admit() -> None:
        g.actor = LOCAL


def register_required(
    app: Flask, api: Api, accounts: Accounts, identity: Identity, throttle: Throttle, clock: Clock
) -> None:
    """Let in who may use a route, and record what they change."""
    if api.trusted_proxies:
        hops = api.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)

    @app.before_request
    def admit() -> None:
        if request.endpoint is None:
            # There is no such route, or not this method of it: that is answered further on.
            return
        rule = rule_of(current_app.view_functions[request.endpoint])
        if rule is not None and rule.roles is None:
            return
        actor = identity.find()
        if actor is None:
            raise signed_out("not_signed_in", "Sign in, or send an API key as Authorization: Bearer ...")
        g.actor = actor
        throttle.request(actor.kind, actor.name)
        identity.require_own_page(actor)
        _require_role(rule, actor)
        if rule is not None and rule.audited and request.method not in _READS:
            # Before the change: there is none without a line, whatever breaks in between.
            g.audit_line = accounts.store.begin(_deed(clock()))

    @app.after_request
    def record(response: Response) -> Response:
        line = g.get("audit_line")
        if line is not None:
            _finish(accounts, line, response.status_code)
        elif response.status_code == 403:
            _finish_refusal(accounts, clock())
        return response


def _require_role(rule: Rule | None, actor: Actor) -> None:
    allowed = rule.in_order() if rule else []
    if actor.role.value not in allowed:
        names = ", ".join(allowed) or "nobody"
        raise ApiError(403, "role_not_allowed", f"This is for {names}; {actor.name} is {actor.role.value}")


def _deed(at_ms: int, outcome: int | None = None) -> Deed:
    who = by()
    return Deed(
        at_ms=at_ms,
        actor=who.name,
        role=who.role,
        what=request.endpoint or "",
        subject=request.path,
        detail=g.get("audit_detail", ""),
        outcome=outcome,
        request_id=who.request_id,
        client=who.client,
    )


def _finish(accounts: Accounts, line: int, status: int) -> None:
    try:
        accounts.store.finish(line, status, g.get("audit_detail", ""))
    except Exception as error:
        # The change is done and its line is there; only how it ended stays open.
        log.error("audit_outcome_lost", line=line, status=status, reason=str(error))


def _finish_refusal(accounts: Accounts, at_ms: int) -> None:
    if by().name == NOBODY:
        return
    try:
        accounts.store.begin(_deed(at_ms, 403))
    except Exception as error:
        log.error("refusal_not_recorded", reason=str(error))
