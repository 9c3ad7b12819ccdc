/**
 * Control characters that are invisible or change how the text around them is shown: C0 except tab and line breaks, C1,
 * marks, embeddings, overrides and isolates of writing direction, and zero-width characters. Source: Unicode 16, UAX
 * #9; TR36 §2.
 */
export const CONTROLS =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A text that is safe to read and paste: control characters as ⟨U+202E⟩. */
export function visible(text: string): string {
  // Nearly every text is unchanged, and a canvas draws hundreds of them per frame.
  return text.search(CONTROLS) < 0
    ? text
    : text.replaceAll(
        CONTROLS,
        (control) => `⟨U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
      );
}

/** Equivalent JSON, with control characters escaped. */
export function visibleJson(json: string): string {
  return json.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Characters that stay encoded in an address: whitespace, control characters, and characters that seem to end it. */
const ENCODED =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\s"<>\\^`{|}\u0000-\u0020\u007f-\u00a0\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;

/** A URL without unnecessary percent-encoding; encoded characters with a meaning in URLs, such as %2F, stay encoded. */
export function decodedUrl(url: string): string {
  return url.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      // decodeURI leaves ; / ? : @ & = + $ , # encoded.
      return decodeURI(run.replaceAll(/%(?=25)/g, '%25')).replaceAll(ENCODED, encodeURIComponent);
    } catch {
      return run;
    }
  });
}
