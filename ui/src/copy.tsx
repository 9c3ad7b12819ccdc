import { signal, useSignal } from '@preact/signals';
import { visible, visibleJson } from './visible.ts';

/** How long the confirmation is shown. */
const SAID_MS = 1_500;

/** Copies a text to the clipboard; false if the browser does not allow it. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The clipboard API requires HTTPS or localhost; otherwise use the older command.
    return writeByCommand(text);
  }
}

/** Selects the text in an invisible field, and copies the selection. */
function writeByCommand(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'unseen';
  // While a dialog is open, only its content can receive the focus.
  (focused?.closest('dialog') ?? document.body).append(field);
  field.select();
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- the only way where there is no secure context
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

interface CopyProps {
  readonly text: string;
  readonly what: string;
  readonly title?: string;
  readonly isJson?: boolean;
}

/** Control characters are copied as shown: what is pasted into a terminal must be what was visible. */
export function copied({ text, isJson = false }: Pick<CopyProps, 'text' | 'isJson'>): string {
  return isJson ? visibleJson(text) : visible(text);
}

export function Copy({ title = 'Copy', what, ...source }: CopyProps) {
  const said = useSignal('');
  const copy = async (): Promise<void> => {
    said.value = (await write(copied(source))) ? 'Copied' : 'Blocked by the browser: select and copy';
    setTimeout(() => (said.value = ''), SAID_MS);
  };
  return (
    <button
      type="button"
      class="button small"
      aria-label={`${said.value === '' ? title : said.value}: ${what}`}
      onClick={() => void copy()}
    >
      <output>{said.value === '' ? title : said.value}</output>
    </button>
  );
}

/** The copy button beside a value, visible on hover and focus. */
export function CopyMark({ what, ...source }: Omit<CopyProps, 'title'>) {
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    await copyAndAnnounce(copied(source), what);
    isCopied.value = true;
    setTimeout(() => (isCopied.value = false), SAID_MS);
  };
  return (
    <button
      type="button"
      class="copy-mark"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => void copy()}
    >
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={isCopied.value ? 'M2 6.5l3 3 5-7' : 'M4.5 4.5h7v7h-7zM7.5 4.5v-4h-7v7h4'} />
      </svg>
    </button>
  );
}

const said = signal('');
let forgetting: ReturnType<typeof setTimeout> | undefined;

/** Copies a text and announces it at the edge of the page. */
export async function copyAndAnnounce(text: string, what: string): Promise<void> {
  said.value = (await write(visible(text)))
    ? `Copied ${what}`
    : `Blocked by the browser: select the ${what} and copy it`;
  clearTimeout(forgetting);
  forgetting = setTimeout(() => (said.value = ''), SAID_MS);
}

export function Announcement() {
  return <output class="said">{said.value}</output>;
}
