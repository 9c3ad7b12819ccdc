import type { ComponentChildren } from 'preact';

/** A name with its value; nothing without a value. */
export function Pair({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === undefined || children === null || children === false || children === '') return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
