import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { messageOf } from './api.ts';
import { useLatest } from './hooks.ts';

interface Read<T> {
  /** undefined until it has been read; the former value while it is read again. */
  readonly value: T | undefined;
  /** Why it could not be read; "" otherwise. */
  readonly problem: string;
}

/** Reads something, and again when `key` changes. */
export function useRead<T>(key: string | number, read: (stop: AbortSignal) => Promise<T>): Read<T> {
  const state = useSignal<Read<T>>({ value: undefined, problem: '' });
  const latest = useLatest(async (stop: AbortSignal): Promise<void> => {
    try {
      state.value = { value: await read(stop), problem: '' };
    } catch (error) {
      if (!stop.aborted) state.value = { value: state.peek().value, problem: messageOf(error) };
    }
  });
  useEffect(() => {
    const stop = new AbortController();
    void latest(stop.signal);
    return () => stop.abort();
  }, [key, latest]);
  return state.value;
}
