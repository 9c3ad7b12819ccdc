import { arrayOf, member, textOf } from '../../../src/json/json.ts';
import { consoleName, linkHref, type LinkValues } from '../links-out.ts';
import { settings } from '../settings.ts';
import { visible } from '../visible.ts';
import { entryOf } from './entry.ts';
import type { Span, TraceModel } from './model.ts';

const MARGIN_SECONDS = 60;

/** Links of the settings to other tools, such as the logs of the trace; of the selected span or of the root. */
export function LogLinks({ model, span }: { model: TraceModel; span: Span | undefined }) {
  const values = valuesOf(model, span ?? entryOf(model));
  return (
    <>
      {settings.value.links.map((template, i) => {
        const href = linkHref(template, values);
        return href === undefined ? null : (
          <a key={i} class="link" href={href} target="_blank" rel="noopener noreferrer" title={visible(href)}>
            {visible(template.name)} ↗
          </a>
        );
      })}
    </>
  );
}

function valuesOf({ id, origin, length }: TraceModel, span: Span | undefined): LinkValues {
  const segment = span?.entity.segment;
  const logGroup = textOf(member(arrayOf(segment?.aws['cloudwatch_logs'])[0], 'log_group'));
  const region = textOf(segment?.aws['region']) ?? regionIn(segment?.resourceArn);
  return {
    named: {
      trace_id: id,
      trace_id_hex: id.replaceAll('-', '').slice(1),
      start_ms: String(Math.floor((origin - MARGIN_SECONDS) * 1000)),
      end_ms: String(Math.ceil((origin + length + MARGIN_SECONDS) * 1000)),
      ...(span === undefined ? {} : { span_id: span.entity.id, service: span.service }),
      ...(region === undefined ? {} : { region }),
      ...(logGroup === undefined ? {} : { log_group: logGroup, log_group_console: consoleName(logGroup) }),
    },
    annotations: span?.entity.annotations ?? {},
  };
}

function regionIn(arn: string | undefined): string | undefined {
  return textOf(arn?.split(':')[3]);
}
