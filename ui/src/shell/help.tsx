import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { allKeys } from './keys.ts';

const isOpen = signal(false);

export function openHelp(): void {
  isOpen.value = true;
}

/** Lists the keys that work on the current screen. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isShown = isOpen.value;
  useEffect(() => {
    if (isShown) dialog.current?.showModal();
  }, [isShown]);
  if (!isShown) return null;
  return (
    <dialog ref={dialog} class="help" aria-labelledby="keys-title" onClose={() => (isOpen.value = false)}>
      {/* The list is read from its beginning: Close, at its end, may be below the screen. */}
      <h1 id="keys-title" tabIndex={-1} autofocus>
        Keys
      </h1>
      {allKeys().map(([title, handlers]) => (
        <section key={title}>
          <h2>{title}</h2>
          <dl>
            {handlers.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{NAMES[key] ?? key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <form method="dialog">
        <button class="button">Close</button>
      </form>
    </dialog>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
  ' ': 'Space',
};
