package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

type object = map[string]any
type list = []any

// Reads base64 lines from stdin; writes what is in them, as otel-python/wire.py does, and as Go's library encodes it again.
func decode() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16*1024*1024)
	for lines.Scan() {
		bytes, err := base64.StdEncoding.DecodeString(lines.Text())
		must(err)
		var request collector.ExportTraceServiceRequest
		must(proto.Unmarshal(bytes, &request))
		again, err := proto.Marshal(&request)
		must(err)
		answer, err := json.Marshal(object{"bytes": again, "content": contentOf(&request)})
		must(err)
		fmt.Println(string(answer))
	}
	must(lines.Err())
}

func contentOf(request *collector.ExportTraceServiceRequest) list {
	result := list{}
	for _, ofResource := range request.GetResourceSpans() {
		scopes := list{}
		for _, ofScope := range ofResource.GetScopeSpans() {
			spans := list{}
			for _, span := range ofScope.GetSpans() {
				spans = append(spans, spanOf(span))
			}
			scope := attributed(ofScope.GetScope().GetAttributes(), ofScope.GetScope().GetDroppedAttributesCount())
			scope["name"], scope["version"] = ofScope.GetScope().GetName(), ofScope.GetScope().GetVersion()
			scopes = append(scopes, object{"scope": scope, "schemaUrl": ofScope.GetSchemaUrl(), "spans": spans})
		}
		resource := attributed(ofResource.GetResource().GetAttributes(), ofResource.GetResource().GetDroppedAttributesCount())
		result = append(result, object{"resource": resource, "schemaUrl": ofResource.GetSchemaUrl(), "scopes": scopes})
	}
	return result
}

func spanOf(span *trace.Span) object {
	result := attributed(span.GetAttributes(), span.GetDroppedAttributesCount())
	result["ids"] = list{hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId()), hex.EncodeToString(span.GetParentSpanId())}
	result["traceState"], result["name"], result["kind"] = span.GetTraceState(), span.GetName(), span.GetKind()
	result["times"] = list{unsigned(span.GetStartTimeUnixNano()), unsigned(span.GetEndTimeUnixNano())}
	events := list{}
	for _, event := range span.GetEvents() {
		one := attributed(event.GetAttributes(), event.GetDroppedAttributesCount())
		one["time"], one["name"] = unsigned(event.GetTimeUnixNano()), event.GetName()
		events = append(events, one)
	}
	links := list{}
	for _, link := range span.GetLinks() {
		one := attributed(link.GetAttributes(), link.GetDroppedAttributesCount())
		one["ids"] = list{hex.EncodeToString(link.GetTraceId()), hex.EncodeToString(link.GetSpanId())}
		one["traceState"], one["flags"] = link.GetTraceState(), link.GetFlags()
		links = append(links, one)
	}
	result["events"], result["droppedEvents"] = events, span.GetDroppedEventsCount()
	result["links"], result["droppedLinks"] = links, span.GetDroppedLinksCount()
	result["status"] = list{span.GetStatus().GetMessage(), span.GetStatus().GetCode()}
	result["flags"] = span.GetFlags()
	return result
}

func attributed(pairs []*common.KeyValue, dropped uint32) object {
	return object{"attributes": attributesOf(pairs), "droppedAttributes": dropped}
}

func attributesOf(pairs []*common.KeyValue) list {
	values := map[string]object{}
	for _, pair := range pairs {
		values[pair.GetKey()] = valueOf(pair.GetValue())
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	result := list{}
	for _, key := range keys {
		result = append(result, list{key, values[key]})
	}
	return result
}

func valueOf(value *common.AnyValue) object {
	switch it := value.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return object{"string": it.StringValue}
	case *common.AnyValue_BoolValue:
		return object{"bool": it.BoolValue}
	case *common.AnyValue_IntValue:
		return object{"int": strconv.FormatInt(it.IntValue, 10)}
	case *common.AnyValue_DoubleValue:
		if math.IsNaN(it.DoubleValue) {
			return object{"double": "NaN"}
		}
		return object{"double": fmt.Sprintf("%016x", math.Float64bits(it.DoubleValue))}
	case *common.AnyValue_BytesValue:
		return object{"bytes": hex.EncodeToString(it.BytesValue)}
	case *common.AnyValue_ArrayValue:
		values := list{}
		for _, item := range it.ArrayValue.GetValues() {
			values = append(values, valueOf(item))
		}
		return object{"list": values}
	case *common.AnyValue_KvlistValue:
		return object{"map": attributesOf(it.KvlistValue.GetValues())}
	}
	return object{}
}

func unsigned(value uint64) string { return strconv.FormatUint(value, 10) }
