import { useContext } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { CopyMark } from '../copy.tsx';
import { Url } from '../url.tsx';
import { Value } from '../value.tsx';
import { DoorsOfTrace, type Asked } from './doors.ts';
import type { Span } from './model.ts';

export interface FactProps {
  readonly span: Span;
  readonly value: unknown;
  /** What it is, for the one who copies it. */
  readonly name: string;
  readonly asked?: Asked | undefined;
  readonly isMono?: boolean;
  /** In place of the value itself. */
  readonly children?: ComponentChildren;
}

/** A value of a span with what can be done with it: search for it, and copy it. */
export function Fact({ span, value, name, asked, isMono = false, children }: FactProps) {
  const door = useContext(DoorsOfTrace)?.of(span, value, asked);
  const text = String(value);
  const shown = children ?? (/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text) || text.startsWith('/') ? <Url url={text} /> : text);
  const classes = isMono ? 'mono' : undefined;
  return (
    <span class="fact">
      {door === undefined ? (
        <span class={classes}>{shown}</span>
      ) : (
        <Value door={door}>
          <span class={classes}>{shown}</span>
        </Value>
      )}
      <CopyMark text={text} what={name} />
    </span>
  );
}
