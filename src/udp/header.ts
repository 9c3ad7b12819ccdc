/** Go's decoder gives up on deeper nesting; so must we, to refuse what the reference refuses. */
const MAX_DEPTH = 10_000;

/**
 * Whether the first line of a datagram is `{"format":"json","version":1}` in the eyes of the reference daemon.
 * compat: it decodes as Go's encoding/json does into a string and an int, ignoring type errors: keys in any case, extra keys allowed,
 * the last of two equal keys wins, null or a wrong type leaves what was there, and 1.0 or 1e0 is no int.
 * JSON.parse shows neither a key's repetition nor a number's spelling, so the members are read off the text.
 */
export function isTraceHeader(line: Uint8Array): boolean {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
  if (!isJson(text)) return false;
  let format = '';
  let version = 0;
  const isObject = forEachMember(text, (key, value) => {
    if (equalFold(key, 'format')) {
      if (value.startsWith('"')) format = JSON.parse(value) as string;
    } else if (equalFold(key, 'version') && /^-?\d{1,19}$/.test(value)) {
      version = Number(value);
    }
  });
  return isObject && equalFold(format, 'json') && version === 1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Calls `visit` with each top-level key and the source text of its value. false if valid JSON `text` is no object, or too deep. */
function forEachMember(text: string, visit: (key: string, value: string) => void): boolean {
  let depth = 0;
  let key: string | undefined;
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      if (depth === 1 && key === undefined) key = JSON.parse(text.slice(i, end)) as string;
      i = end - 1;
    } else if (char === '{' || char === '[') {
      if (depth === 0 && char === '[') return false;
      if (++depth > MAX_DEPTH) return false;
    } else if (char === ':' && depth === 1) {
      start = i + 1;
    } else if ((char === ',' || char === '}') && depth === 1) {
      if (key !== undefined) visit(key, text.slice(start, i).trim());
      key = undefined;
    }
    if (char === '}' || char === ']') depth--;
    if (depth === 0 && char !== '}' && !/\s/.test(char ?? '')) return false;
  }
  return true;
}

function stringEnd(text: string, quote: number): number {
  let i = quote + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

/** Go's EqualFold against ASCII letters: U+017F folds to s and U+212A to k. `lower` is in lower case. */
function equalFold(text: string, lower: string): boolean {
  return text.length === lower.length && text.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase() === lower;
}
