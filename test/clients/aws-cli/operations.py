"""Calls every operation of X-Ray with boto3 and holds each raw answer against botocore's own model of it.

Prints one JSON object: operation name -> list of what did not fit; an empty list is good.
A member that the model does not have, a missing list or a number of the wrong kind is a misreading waiting to happen.
"""

import json
import sys
import time

import boto3
from botocore import xform_name

# Members that AWS itself sends beside its model (recorded answers of X-Ray).
UNDOCUMENTED = {"MatchedService", "MatchedEdge", "Region", "HostedIn", "KeyAttributes"}

endpoint, trace_id = sys.argv[1], sys.argv[2]
client = boto3.client(
    "xray", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any"
)
model = client.meta.service_model
problems = {name: ["was not called"] for name in model.operation_names}
raw = {}


def remember(http_response=None, response_dict=None, operation_model=None, **_):
    raw[operation_model.name] = json.loads(response_dict["body"] or b"{}")


client.meta.events.register("before-parse.xray.*", remember)


def check(shape, value, path, found):
    if value is None:
        return
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            found.append(f"{path}: not an object")
            return
        for key, each in value.items():
            if key in shape.members:
                check(shape.members[key], each, f"{path}.{key}", found)
            elif key not in UNDOCUMENTED:
                found.append(f"{path}.{key}: the model has no such member")
    elif kind == "list":
        if not isinstance(value, list):
            found.append(f"{path}: not a list")
            return
        for position, each in enumerate(value):
            check(shape.member, each, f"{path}[{position}]", found)
    elif kind == "map":
        for key, each in value.items():
            check(shape.value, each, f"{path}.{key}", found)
    elif kind == "integer" or kind == "long":
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(f"{path}: {value!r} is not an integer")
    elif kind in ("timestamp", "double", "float"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            found.append(f"{path}: {value!r} is not a number")
    elif kind == "boolean":
        if not isinstance(value, bool):
            found.append(f"{path}: {value!r} is not a boolean")
    elif kind == "string":
        if not isinstance(value, str):
            found.append(f"{path}: {value!r} is not a text")
        elif getattr(shape, "enum", None) and value not in shape.enum:
            found.append(f"{path}: {value!r} is none of {shape.enum}")


def call(name, expect=None, **arguments):
    """Calls an operation; `expect` is the error code that it is to be answered with."""
    method = getattr(client, xform_name(name))
    try:
        answer = method(**arguments)
    except client.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        problems[name] = [] if code == expect else [f"{code}: {error.response['Error'].get('Message')}"]
        return {}
    found = [] if expect is None else [f"was answered, where {expect} was expected"]
    check(model.operation_model(name).output_shape, raw[name], name, found)
    problems[name] = found
    return answer


now = time.time()
span = {"StartTime": now - 600, "EndTime": now + 600}
arn = "arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default"
rule = {
    "ResourceARN": "*", "Priority": 5, "FixedRate": 0.5, "ReservoirSize": 1, "ServiceName": "*", "ServiceType": "*",
    "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1, "RuleName": "boto",
}  # fmt: skip
statistics = {"RuleName": "boto", "ClientID": "a" * 24, "Timestamp": now, "RequestCount": 1, "SampledCount": 1}
insight = "12345678-1234-4234-8234-123456789012"

call("PutTraceSegments", TraceSegmentDocuments=["{"])
call("PutTelemetryRecords", TelemetryRecords=[{"Timestamp": now}])
call("GetTraceSummaries", FilterExpression='service("web")', TimeRangeType="Service", **span)
call("BatchGetTraces", TraceIds=[trace_id])
call("GetTraceGraph", TraceIds=[trace_id])
call("GetServiceGraph", **span)
call("GetTimeSeriesServiceStatistics", EntitySelectorExpression='service("web")', ForecastStatistics=True, **span)
call("CreateGroup", GroupName="boto", FilterExpression="ok", InsightsConfiguration={"InsightsEnabled": True})
call("GetGroup", GroupName="boto")
call("GetGroups")
call("UpdateGroup", GroupName="boto", FilterExpression="error")
call("DeleteGroup", GroupName="boto")
call("CreateSamplingRule", SamplingRule=rule)
call("GetSamplingRules")
call("UpdateSamplingRule", SamplingRuleUpdate={"RuleName": "boto", "FixedRate": 1})
call("GetSamplingTargets", SamplingStatisticsDocuments=[statistics])
call("GetSamplingStatisticSummaries")
call("DeleteSamplingRule", RuleName="boto")
call("TagResource", ResourceARN=arn, Tags=[{"Key": "k", "Value": "v"}])
call("ListTagsForResource", ResourceARN=arn)
call("UntagResource", ResourceARN=arn, TagKeys=["k"])
call("GetEncryptionConfig")
call("PutEncryptionConfig", Type="NONE")
call("PutResourcePolicy", PolicyName="boto", PolicyDocument='{"Statement":[]}')
call("ListResourcePolicies")
call("DeleteResourcePolicy", PolicyName="boto")
call("GetTraceSegmentDestination")
call("UpdateTraceSegmentDestination", Destination="CloudWatchLogs")
call("GetIndexingRules")
call("UpdateIndexingRule", Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 5}})
token = call("StartTraceRetrieval", TraceIds=[trace_id], **span).get("RetrievalToken")
call("ListRetrievedTraces", RetrievalToken=token)
call("GetRetrievedTracesGraph", RetrievalToken=token)
call("CancelTraceRetrieval", RetrievalToken=token)
call("GetInsightSummaries", **span)
for name in ("GetInsight", "GetInsightEvents"):
    call(name, expect="InvalidRequestException", InsightId=insight)
call("GetInsightImpactGraph", expect="InvalidRequestException", InsightId=insight, **span)

print(json.dumps(problems))
