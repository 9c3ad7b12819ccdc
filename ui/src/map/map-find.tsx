import type { RefObject } from 'preact';
import { plural } from '../format.ts';

interface MapFindProps {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly text: string;
  /** The number of services whose names contain the text. */
  readonly found: number;
  readonly onText: (text: string) => void;
  readonly onNext: () => void;
}

/** Finds services by part of their names: matches are highlighted, and Enter moves to the next one. */
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
      <output class="faint">{text === '' ? '' : found === 0 ? 'No match' : plural(found, 'service')}</output>
    </search>
  );
}

export function isNamed(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.trim().toLowerCase());
}
