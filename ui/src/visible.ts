/**
 * Controls that change how what stands around them is shown, or are not seen at all: C0 but tab and line breaks, C1, marks, embeddings, overrides and
 * isolates of writing direction, and characters without a width. Source: Unicode 16, UAX #9; TR36 §2.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A text as it can be looked at and pasted: controls as ⟨U+202E⟩. */
export function visible(text: string): string {
  // Nearly every text is as it is, and a picture has hundreds of them a frame.
  return text.search(CONTROLS) < 0
    ? text
    : text.replaceAll(CONTROLS, (control) => `⟨U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** JSON that means the same, with controls as escapes. */
export function visibleJson(json: string): string {
  return json.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What stays encoded in an address: blanks and controls, and what looks like the end of it. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ENCODED = /[\s"<>\\^`{|}\u0000-\u0020\u007f-\u00a0\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;

/** An address without percent-encoding, where that says nothing; what has a meaning in addresses, such as %2F, stays as it is. */
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
