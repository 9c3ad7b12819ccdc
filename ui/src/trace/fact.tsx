import { useContext } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { CopyMark } from '../copy.tsx';
import { Url } from '../url.tsx';
import { Value } from '../value.tsx';
import { ValueSearchContext, type Asked } from './value-search.ts';
import type { Span } from './model.ts';

export interface FactProps {
  readonly span: Span;
  readonly value: unknown;
  /** What the value is, for the label of the copy button. */
  readonly name: string;
  readonly asked?: Asked | undefined;
  readonly isMono?: boolean;
  /** Shown instead of the value. */
  readonly children?: ComponentChildren;
}

/** A value of a span that can be searched for and copied. */
export function Fact({ span, value, name, asked, isMono = false, children }: FactProps) {
  const valueSearch = useContext(ValueSearchContext)?.of(span, value, asked);
  const text = String(value);
  const shown =
    children ?? (/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text) || text.startsWith('/') ? <Url url={text} /> : text);
  const classes = isMono ? 'mono' : undefined;
  return (
    <span class="fact">
      {valueSearch === undefined ? (
        <span class={classes}>{shown}</span>
      ) : (
        <Value valueSearch={valueSearch}>
          <span class={classes}>{shown}</span>
        </Value>
      )}
      <CopyMark text={text} what={name} />
    </span>
  );
}
