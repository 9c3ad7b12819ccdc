import { useSignal } from '@preact/signals';
import { ExactNumber } from '../../../src/json/exact-number.ts';
import { Fact } from './fact.tsx';
import type { Span } from './model.ts';

/** Members of an object shown initially: metadata can be of any size. */
const FIRST_MEMBERS = 100;

/**
 * Any JSON value as a tree, with `levels` expanded initially. If parts of the value can be searched for, `span` is the
 * span that has it.
 */
export function JsonTree({
  value,
  name,
  levels = 1,
  span,
}: {
  value: unknown;
  name?: string;
  levels?: number;
  span?: Span;
}) {
  if (!isBranch(value)) return <Leaf name={name ?? 'value'} value={value} span={span} />;
  return <Branch name={name} value={value} levels={levels} span={span} />;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}

function Branch({
  name,
  value,
  levels,
  span,
}: {
  name: string | undefined;
  value: object;
  levels: number;
  span: Span | undefined;
}) {
  const isShown = useSignal(levels > 0);
  const isAll = useSignal(false);
  const entries = Object.entries(value);
  const shown = isAll.value ? entries : entries.slice(0, FIRST_MEMBERS);
  const summary = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details class="json" open={isShown.value} onToggle={(event) => (isShown.value = event.currentTarget.open)}>
      <summary>
        {name !== undefined && <span class="key">{name}</span>} <span class="faint">{summary}</span>
      </summary>
      {isShown.value && (
        <div class="members">
          {shown.map(([key, member]) =>
            isBranch(member) ? (
              <Branch key={key} name={key} value={member} levels={levels - 1} span={span} />
            ) : (
              <div key={key}>
                <span class="key">{key}</span> <Leaf name={key} value={member} span={span} />
              </div>
            ),
          )}
          {shown.length < entries.length && (
            <button type="button" class="link" onClick={() => (isAll.value = true)}>
              {entries.length - shown.length} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function Leaf({ name, value, span }: { name: string; value: unknown; span: Span | undefined }) {
  const kind = value === null ? 'null' : value instanceof ExactNumber ? 'number' : typeof value;
  const text = String(value);
  return (
    <span class={`leaf mono ${kind}`}>
      {span === undefined ? text : <Fact span={span} value={value} name={name} />}
    </span>
  );
}
