// Sends one trace with OpenTelemetry's SDK for Go: app http|grpc ENDPOINT [gzip]. Prints its trace ID.
// app decode: see wire.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// TLS by the scheme of the endpoint; its authority is in OTEL_EXPORTER_OTLP_CERTIFICATE.
func exporterOf(ctx context.Context, protocol, endpoint string, isZipped bool) (sdk.SpanExporter, error) {
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpointURL(endpoint)}
		if isZipped {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(strings.TrimSuffix(endpoint, "/") + "/v1/traces")}
	if isZipped {
		options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return otlptracehttp.New(ctx, options...)
}

func main() {
	if os.Args[1] == "decode" {
		decode()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	exporter, err := exporterOf(ctx, os.Args[1], os.Args[2], slices.Contains(os.Args[3:], "gzip"))
	must(err)
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "otel-shop"),
			attribute.String("service.version", "1.2.3"),
			attribute.String("telemetry.sdk.language", "go"),
		)),
	)
	tracer := provider.Tracer("shop", trace.WithInstrumentationVersion("0.1"))
	traceID, _ := trace.TraceIDFromHex("6929d510abcdef000000000000000001")
	spanID, _ := trace.SpanIDFromHex("53995c3f42cd8ad8")
	elsewhere := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: 1})
	inside, root := tracer.Start(ctx, "POST /orders/:id",
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(
			attribute.String("http.request.method", "POST"),
			attribute.String("url.full", "http://shop.example/orders/7"),
			attribute.Int("http.response.status_code", 500),
		),
		trace.WithLinks(trace.Link{SpanContext: elsewhere, Attributes: []attribute.KeyValue{attribute.String("why", "cause")}}),
	)
	root.AddEvent("cart loaded", trace.WithAttributes(attribute.Int("items", 3)))
	_, query := tracer.Start(inside, "SELECT orders",
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system", "postgresql"), attribute.String("db.statement", "SELECT 1")),
	)
	query.End()
	root.RecordError(errors.New("card declined"), trace.WithStackTrace(true))
	root.SetStatus(codes.Error, "card declined")
	root.End()
	fmt.Println(root.SpanContext().TraceID())
	if err := provider.ForceFlush(ctx); err != nil {
		fmt.Println("not flushed", err)
		return
	}
	fmt.Println("flushed")
}
