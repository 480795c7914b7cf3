"""What the OpenAPI document says of access: how to prove who one is, which roles may do what, and how it is refused."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from api.access.declared import rule_of
from api.access.identity import CSRF_HEADER
from api.documented import failing

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def describe(document: dict[str, Any], app: Flask, cookie: str) -> dict[str, Any]:
    """Add it to every operation of the document."""
    document["components"]["securitySchemes"] = {
        "api_key": {"type": "http", "scheme": "bearer", "description": "An API key"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": f"From POST /api/v1/session. Changes also need its csrf_token in {CSRF_HEADER}",
        },
    }
    for route in app.url_map.iter_rules():
        rule = rule_of(app.view_functions[route.endpoint])
        operations = document["paths"].get(_PARAMETER.sub(r"{\1}", route.rule), {})
        for method in {name.lower() for name in route.methods or ()} & set(operations):
            operation = operations[method]
            if rule is None or rule.roles is None:
                operation["security"] = []
                continue
            operation["security"] = [{"api_key": []}, {"session": []}]
            operation["x-roles"] = rule.in_order()
            lines = [operation["description"], f"For: {', '.join(rule.in_order())}."]
            operation["description"] = "\n\n".join(filter(None, lines))
            for status, response in failing(401, 403, 429, 503).items():
                _add(operation["responses"], str(status), response)
    return document


def _add(responses: dict[str, Any], status: str, refusal: dict[str, Any]) -> None:
    known = responses.setdefault(status, refusal)
    schema, other = (found["content"]["application/json"]["schema"] for found in (known, refusal))
    if schema != other:
        # The route answers with this status too, and means something else by it.
        known["content"]["application/json"]["schema"] = {"anyOf": [schema, other]}
