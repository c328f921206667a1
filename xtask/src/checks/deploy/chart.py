"""Asks Helm's library and the schemas of Kubernetes: a question as JSON in, the answer as JSON out."""

import importlib.util
import json
import pathlib
import re
import sys

# Of what the linter says, this and worse counts; below it are recommendations.
WARNING = 2


def chart(path, values_texts):
    import helm_python

    answers = []
    with helm_python.Chart.load(path) as loaded:
        for text in values_texts:
            answer = {"rendered": {}, "lint": [], "error": None}
            answers.append(answer)
            try:
                values = helm_python.values_from_yaml(text)
                answer["rendered"] = loaded.render(values, name="wecall", namespace="wecall")
                report = helm_python.lint(path, values, strict=True, namespace="wecall")
                answer["lint"] = [
                    f"{said['path']}: {said['error']}"
                    for said in report["messages"]
                    if said["severity"] >= WARNING
                ] + report["errors"]
            except helm_python.HelmError as error:
                answer["error"] = str(error)
    return answers


def validate(objects, versions):
    from jsonschema import Draft202012Validator, RefResolver

    class Resolver(RefResolver):
        def resolve_remote(self, uri):
            raise LookupError(f"{uri} is not in the package")

    # The package is only data here: its own code needs more than that.
    package = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent
    errors = []
    for version in versions:
        folder = package / "kubernetes-json-schema" / f"v{version}-local-strict"
        definitions = json.loads((folder / "_definitions.json").read_text())
        for item in objects:
            # rbac.authorization.k8s.io/v1 lies under rbac-v1.
            group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", item["apiVersion"])
            file = folder / f"{item['kind'].lower()}-{group}.json"
            # Kinds that operators bring along have no schema.
            if item["apiVersion"].startswith("monitoring.coreos.com/"):
                continue
            if not file.exists():
                errors.append(f"{version}: no kind {item['kind']} of {item['apiVersion']}")
                continue
            schema = json.loads(file.read_text())
            store = {definitions["$id"]: definitions}
            resolver = Resolver.from_schema(schema, store=store)
            for error in Draft202012Validator(schema, resolver=resolver).iter_errors(item):
                place = "/".join(str(part) for part in error.absolute_path)
                errors.append(f"{version}: {item['kind']} {place}: {error.message[:300]}")
    return errors


question = json.load(sys.stdin)
if "chart" in question:
    answer = chart(question["chart"], question["values"])
else:
    answer = validate(question["validate"], question["versions"])
json.dump(answer, sys.stdout)
