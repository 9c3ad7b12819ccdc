import { Fragment } from 'preact';
import { decodedUrl } from './visible.ts';

/** A decoded URL that can wrap after / ? and &. */
export function Url({ url }: { url: string }) {
  const parts = decodedUrl(url).split(/(?<=[^/][/?&])(?=[^/])/);
  return (
    <>
      {parts.map((part, i) => (
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
