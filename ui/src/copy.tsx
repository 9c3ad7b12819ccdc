import { useSignal } from '@preact/signals';

/** Says that it copied, for a moment. */
const SAID_MS = 1_500;

export function Copy({ text, what, title = 'Copy' }: { text: string; what: string; title?: string }) {
  const said = useSignal('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = 'Copied';
    } catch {
      said.value = 'Not allowed here: select and copy';
    }
    setTimeout(() => (said.value = ''), SAID_MS);
  };
  return (
    <button type="button" class="button small" aria-label={`${said.value === '' ? title : said.value}: ${what}`} onClick={() => void copy()}>
      <span role="status">{said.value === '' ? title : said.value}</span>
    </button>
  );
}
