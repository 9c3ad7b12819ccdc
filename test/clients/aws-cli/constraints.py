"""Breaks each constraint that botocore's model of X-Ray has for a request, one at a time, and holds the refusal against AWS's form.

Prints one JSON object: case -> what was wrong with the answer; an empty object is good. The last line of stderr says how many cases there were.
"""

import json
import sys
import urllib.error
import urllib.request

import boto3

endpoint = sys.argv[1]
client = boto3.client("xray", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any")
model = client.meta.service_model

# SDKs differ in what they send here, so nothing is refused (docs/x-ray-fidelity.md).
LENIENT = {"GetSamplingRules", "GetSamplingTargets"}
# Where the recorded answers of X-Ray are not those of its model, or Grafana's data source sends what the model forbids.
EXCEPTIONS = {
    "CreateSamplingRule: samplingRule.samplingRateBoost.maxRate missing",
    "CreateSamplingRule: samplingRule.samplingRateBoost.cooldownWindowMinutes missing",
    "UpdateSamplingRule: samplingRuleUpdate.samplingRateBoost.maxRate missing",
    "UpdateSamplingRule: samplingRuleUpdate.samplingRateBoost.cooldownWindowMinutes missing",
    "GetServiceGraph: groupName empty",
    "GetTimeSeriesServiceStatistics: groupName empty",
}
problems = {}
cases = 0


def valid(shape):
    """A value that the model takes."""
    kind = shape.type_name
    if kind == "structure":
        return {name: valid(shape.members[name]) for name in shape.required_members}
    if kind == "list":
        return [valid(shape.member) for _ in range(max(1, shape.metadata.get("min", 0)))]
    if kind == "map":
        return {}
    if kind == "string":
        if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        if "pattern" in shape.metadata and shape.metadata["pattern"].startswith("[0-9a-fA-F]"):
            return "12345678-1234-4234-8234-123456789012"
        return "a" * max(1, shape.metadata.get("min", 0))
    if kind in ("integer", "long"):
        return int(shape.metadata.get("min", 1))
    if kind in ("double", "float"):
        return float(shape.metadata.get("min", 0.5))
    if kind == "timestamp":
        return 1.7e9
    if kind == "boolean":
        return True
    return "a"


def ask(path, body):
    request = urllib.request.Request(endpoint + path, data=json.dumps(body).encode(), method="POST", headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers.get("x-amzn-errortype"), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("x-amzn-errortype"), error.read().decode()


def expect(operation, what, body, types, words):
    global cases
    if f"{operation.name}: {what}" in EXCEPTIONS:
        return
    cases += 1
    status, error_type, text = ask(operation.http["requestUri"], body)
    if status != 400 or error_type not in types or not all(word in text for word in words):
        problems[f"{operation.name}: {what}"] = f"{status} {error_type} {text[:200]}"


def set_in(body, path, value):
    """A copy of the body with the value at the path; what is missing on the way is made."""
    copy = json.loads(json.dumps(body))
    at = copy
    for part, child in zip(path, path[1:]):
        if isinstance(part, int):
            at = at[part]
        else:
            if not isinstance(at.get(part), (dict, list)):
                at[part] = [] if isinstance(child, int) else {}
            at = at[part]
    if value is None:
        at.pop(path[-1], None)
    elif isinstance(path[-1], int):
        at[:] = [value]
    else:
        at[path[-1]] = value
    return copy


def filled(shape, path, body):
    """The body with a valid value at the path, so that members below optional ones can be tried."""
    return set_in(body, path, valid(shape)) if path else body


def camel(path):
    parts = [f"{part + 1}.member" if isinstance(part, int) else part[0].lower() + part[1:] for part in path]
    return ".".join(parts)


def walk(operation, shape, path, body):
    kind, limits = shape.type_name, shape.metadata
    if path:
        body = filled(shape, path, body)
        wrong = 7 if kind in ("string", "structure", "list", "map", "boolean") else "text"
        expect(operation, f"{camel(path)} of a wrong type", set_in(body, path, wrong), {"SerializationException"}, [])
    place = f"at '{camel(path)}'"
    if kind == "structure":
        for name, member in shape.members.items():
            if name in shape.required_members:
                expect(
                    operation,
                    f"{camel([*path, name])} missing",
                    set_in(body, [*path, name], None),
                    {"ValidationException"},
                    [f"Value null at '{camel([*path, name])}'", "Member must not be null"],
                )
            walk(operation, member, [*path, name], body)
    elif kind == "list":
        if "max" in limits:
            many = [valid(shape.member)] * (limits["max"] + 1)
            expect(operation, f"{camel(path)} too long", set_in(body, path, many), {"ValidationException"}, [place, "less than or equal to"])
        walk(operation, shape.member, [*path, 0], body)
    elif kind == "string":
        if limits.get("min", 0) > 0 and not limits.get("enum"):
            expect(operation, f"{camel(path)} empty", set_in(body, path, ""), {"ValidationException"}, [place])
        if "max" in limits:
            expect(operation, f"{camel(path)} too long", set_in(body, path, "a" * (limits["max"] + 1)), {"ValidationException"}, [place])
        if limits.get("enum"):
            expect(operation, f"{camel(path)} unknown", set_in(body, path, "Nonsense"), {"ValidationException"}, [place, "enum value set"])
        if "pattern" in limits:
            expect(operation, f"{camel(path)} against its pattern", set_in(body, path, "no/no"), {"ValidationException"}, [place, "pattern"])
    elif kind in ("integer", "long", "double", "float"):
        if "min" in limits:
            expect(operation, f"{camel(path)} too small", set_in(body, path, limits["min"] - 1), {"ValidationException"}, [place])
        if "max" in limits:
            expect(operation, f"{camel(path)} too large", set_in(body, path, limits["max"] + 1), {"ValidationException"}, [place])


for name in model.operation_names:
    if name not in LENIENT:
        operation = model.operation_model(name)
        walk(operation, operation.input_shape, [], valid(operation.input_shape))

print(json.dumps(problems, indent=1))
print(f"{cases} cases", file=sys.stderr)
