import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;

/** One trace, sent by OpenTelemetry's Java agent as the variables of the environment say. Prints its trace ID. */
class Send {
  public static void main(String[] args) {
    Tracer tracer = GlobalOpenTelemetry.getTracer("shop", "0.1");
    SpanContext elsewhere = SpanContext.createFromRemoteParent(
        "6929d510abcdef000000000000000001", "53995c3f42cd8ad8", TraceFlags.getSampled(), TraceState.getDefault());
    Span root = tracer.spanBuilder("POST /orders/:id")
        .setSpanKind(SpanKind.SERVER)
        .setAttribute("http.request.method", "POST")
        .setAttribute("url.full", "http://shop.example/orders/7")
        .setAttribute("http.response.status_code", 500L)
        .addLink(elsewhere, Attributes.of(AttributeKey.stringKey("why"), "cause"))
        .startSpan();
    try (Scope scope = root.makeCurrent()) {
      root.addEvent("cart loaded", Attributes.of(AttributeKey.longKey("items"), 3L));
      tracer.spanBuilder("SELECT orders")
          .setSpanKind(SpanKind.CLIENT)
          .setAttribute("db.system", "postgresql")
          .setAttribute("db.statement", "SELECT 1")
          .startSpan()
          .end();
      throw new IllegalStateException("card declined");
    } catch (IllegalStateException error) {
      root.recordException(error);
      root.setStatus(StatusCode.ERROR, "card declined");
    }
    root.end();
    System.out.println(root.getSpanContext().getTraceId());
    // The agent sends what is left before the program ends.
    System.out.println("flushed");
  }
}
