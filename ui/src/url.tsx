import { Fragment } from 'preact';
import { decodedUrl } from './visible.ts';

/** An address, decoded, that breaks after / ? and &. */
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
