# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/openapi.yaml: every answer that a test gets is held against it (Controller.ask())."""
import functools
import json
import re
import urllib.parse

import jsonschema
import yaml

from lab import build

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@functools.cache
def document():
    return yaml.safe_load((build.SOURCE / "doc" / "openapi.yaml").read_text())


def resolve(node):
    while "$ref" in node:
        found = document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operations():
    """(METHOD, path, operation) of each."""
    return [(method.upper(), path, operation) for path, item in document()["paths"].items()
            for method, operation in item.items() if method in METHODS]


@functools.cache
def _routes():
    # A path without a parameter goes before one that has one in its place.
    return [(method, re.compile("/".join("[^/]+" if part.startswith("{") else re.escape(part)
                                         for part in path.split("/"))), operation)
            for method, path, operation in sorted(operations(), key=lambda one: one[1].count("{"))]


def operation_of(method, target):
    path = urllib.parse.urlsplit(target).path
    for known, pattern, operation in _routes():
        if known == method and pattern.fullmatch(path):
            return operation
    return None


@functools.cache
def _validator(schema):
    # By what it says, so that each is made once. What it refers to is in it: how else a reference is followed differs
    # between versions of jsonschema.
    return jsonschema.Draft202012Validator({**json.loads(schema), "components": document()["components"]})


def check_schema(schema, value):
    best = jsonschema.exceptions.best_match(_validator(json.dumps(schema)).iter_errors(value))
    assert best is None, f"{best.message} at {best.json_path}"


def check_answer(method, target, status, headers, body):
    """Of an answer: that its status, its type, its headers and its body are what the document says."""
    operation = operation_of(method, target)
    if operation is None:
        assert status >= 400, f"{method} {target} is answered with {status} and is not in doc/openapi.yaml"
        response = document()["components"]["responses"]["Problem"]
    else:
        responses = operation["responses"]
        assert str(status) in responses or status >= 400, f"{method} {target}: {status} is not in doc/openapi.yaml"
        response = resolve(responses.get(str(status)) or responses["default"])
    for name, header in response.get("headers", {}).items():
        header = resolve(header)
        value = headers.get(name)
        assert value is not None or not header.get("required"), f"{method} {target}: {status} without {name}"
        if value is not None:
            check_schema(header["schema"], value)
    if "content" not in response:
        assert body == b"", (method, target, status)
        return
    kind = headers.get("Content-Type", "").split(";")[0]
    assert kind in response["content"], f"{method} {target}: {status} is {kind}"
    if "json" in kind:
        value = json.loads(body)
        check_schema(response["content"][kind]["schema"], value)
        assert status < 400 or value["status"] == status
