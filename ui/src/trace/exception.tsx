import { isObject, textOf, type Json } from '../../../src/xray/trace/json.ts';
import { editorHref } from '../settings.ts';
import { middle } from '../format.ts';

/** Frames of a stack that are shown at first. */
const FIRST_FRAMES = 8;

/** What was thrown, and where. `folder`: the working directory of the process, for relative paths. */
export function Exception({ exception, folder }: { exception: Json; folder: string | undefined }) {
  const stack = Array.isArray(exception['stack']) ? exception['stack'].filter(isObject) : [];
  const frames = stack.map((frame) => ({ path: textOf(frame['path']) ?? '', line: Number(frame['line'] ?? 0), label: textOf(frame['label']) ?? '' }));
  return (
    <div class="exception">
      <b>{textOf(exception['type']) ?? 'Exception'}</b>
      <p>{textOf(exception['message'])}</p>
      {frames.slice(0, FIRST_FRAMES).map((frame, i) => (
        <Frame key={i} {...frame} folder={folder} />
      ))}
      {frames.length > FIRST_FRAMES && (
        <details>
          <summary>{frames.length - FIRST_FRAMES} more frames</summary>
          {frames.slice(FIRST_FRAMES).map((frame, i) => (
            <Frame key={i} {...frame} folder={folder} />
          ))}
        </details>
      )}
    </div>
  );
}

function Frame({ path, line, label, folder }: { path: string; line: number; label: string; folder: string | undefined }) {
  const full = path.startsWith('/') || folder === undefined ? path : `${folder}/${path}`;
  const place = `${middle(path, 40)}${line > 0 ? `:${line}` : ''}`;
  return (
    <div class="frame mono">
      {path === '' ? null : (
        <a href={editorHref(full, line)} title={`Open ${full} in the editor; which one is in the settings`} target="_self">
          {place}
        </a>
      )}{' '}
      {label}
    </div>
  );
}
