import type { RefObject } from 'preact';
import { plural } from '../format.ts';

interface MapFindProps {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly text: string;
  /** How many services have it in their names. */
  readonly found: number;
  readonly onText: (text: string) => void;
  readonly onNext: () => void;
}

/** Finds a service by a part of its name: what matches is lit, Enter goes there, and again to the next. */
export function MapFind({ input, text, found, onText, onNext }: MapFindProps) {
  return (
    <search class="map-find" aria-label="On the map">
      <input
        ref={input}
        class="text"
        type="search"
        aria-label="Find a service"
        placeholder="Find a service (f)"
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onNext();
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onText('');
          event.currentTarget.blur();
        }}
      />
      <output class="faint">{text === '' ? '' : found === 0 ? 'None has this name' : plural(found, 'service')}</output>
    </search>
  );
}

export function isNamed(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase());
}
