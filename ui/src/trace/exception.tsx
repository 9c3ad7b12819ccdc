import type { SpanException } from '../../../src/trace/model.ts';
import { middle, plural } from '../format.ts';
import { editorHref, settings } from '../settings.ts';
import { Fact } from './fact.tsx';
import type { Span } from './model.ts';
import { framesOf, resolvedPath, type ShownFrame } from './stack.ts';

/** Frames shown initially. */
const FIRST_FRAMES = 8;

/** An exception and its stack: frames of the application first, frames of libraries folded. */
export function Exception({ exception, span }: { exception: SpanException; span: Span }) {
  const { type, message } = exception;
  const folder = span.entity.workingDirectory;
  const frames = framesOf(exception);
  const own = frames.filter(({ isOwn }) => isOwn);
  const first = (own.length > 0 ? own : frames).slice(0, FIRST_FRAMES);
  const others = frames.length - first.length;
  return (
    <div class="exception">
      <b>{type === null ? 'Exception' : <Fact span={span} value={type} name="type of the exception" />}</b>
      <p>{message !== null && <Fact span={span} value={message} name="message" />}</p>
      {first.map((frame, i) => (
        <Frame key={i} frame={frame} folder={folder} isStrong={own.length > 0} />
      ))}
      {others > 0 && (
        <details>
          <summary>
            {own.length > 0 && own.length <= FIRST_FRAMES
              ? `${plural(others, 'library frame')}: show the whole stack`
              : `${others} more frames: show the whole stack`}
          </summary>
          {frames.map((frame, i) => (
            <Frame key={i} frame={frame} folder={folder} isStrong={frame.isOwn} />
          ))}
        </details>
      )}
    </div>
  );
}

function Frame({
  frame: { path, line, label },
  folder,
  isStrong,
}: {
  frame: ShownFrame;
  folder: string | undefined;
  isStrong: boolean;
}) {
  const full = resolvedPath(path, folder, settings.value.sourceRoot);
  const place = `${middle(path, 40)}${line > 0 ? `:${line}` : ''}`;
  return (
    <div class={isStrong ? 'frame own mono' : 'frame mono'}>
      {full === undefined ? (
        <span
          class="place"
          title={path === '' ? undefined : `${path}: the folder is not recorded, so no editor can open it`}
        >
          {path === '' ? '' : place}
        </span>
      ) : (
        <a
          href={editorHref(full, line)}
          title={`Open ${full} in the editor; which one is in the settings`}
          target="_self"
        >
          {place}
        </a>
      )}{' '}
      {label}
    </div>
  );
}
