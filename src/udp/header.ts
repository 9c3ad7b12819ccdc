/** Go's decoder rejects deeper nesting, so this one must too, to refuse what the reference daemon refuses. */
const MAX_DEPTH = 10_000;

/**
 * Whether the reference daemon would read the first line of a datagram as `{"format":"json","version":1}`.
 * compat: it decodes as Go's encoding/json does into a string and an int, ignoring type errors: keys may have any case,
 * extra keys are allowed, the last of two equal keys wins, null or a wrong type leaves the previous value, and 1.0 or
 * 1e0 is not an int.
 * JSON.parse hides repeated keys and the spelling of numbers, so the members are read from the text.
 */
export function isTraceHeader(line: Uint8Array): boolean {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
  try {
    JSON.parse(text);
  } catch {
    return false;
  }
  let format = '';
  let version = 0;
  const isObject = forEachMember(text, (key, value) => {
    if (equalFold(key, 'format')) {
      if (value.startsWith('"')) format = String(JSON.parse(value));
    } else if (equalFold(key, 'version') && /^-?\d{1,19}$/.test(value)) {
      version = Number(value);
    }
  });
  return isObject && equalFold(format, 'json') && version === 1;
}

/**
 * Calls `visit` with each top-level key and the source text of its value. false if `text`, which is valid JSON, is not
 * an object or is too deep.
 */
function forEachMember(text: string, visit: (key: string, value: string) => void): boolean {
  let depth = 0;
  let key: string | undefined;
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      if (depth === 1 && key === undefined) key = String(JSON.parse(text.slice(i, end)));
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
  return (
    text.length === lower.length && text.replaceAll('\u017f', 's').replaceAll('\u212a', 'k').toLowerCase() === lower
  );
}
