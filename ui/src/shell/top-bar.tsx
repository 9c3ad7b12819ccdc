import type { TargetedEvent } from 'preact';
import { isKeyOf } from '../keys-of.ts';
import { connection, isPaused, list } from '../live.ts';
import { param, setParams } from '../route.ts';
import { RANGES } from '../search.ts';
import { heldBy } from '../traces/hold.ts';
import { absolute } from '../format.ts';
import { QueryBox } from '../query/query-box.tsx';

/** Query box, time range and live button. */
export function TopBar() {
  return (
    <header class="top">
      <QueryBox />
      <TimeRange />
      <LiveButton />
    </header>
  );
}

function TimeRange() {
  const isBrushed = param('to') !== '';
  const range = param('range');
  const onInput = ({ currentTarget: { value } }: TargetedEvent<HTMLSelectElement>): void => {
    if (value !== 'brushed') setParams({ range: value, from: '', to: '' });
  };
  const brushed = isBrushed ? `${absolute(Number(param('from')))} – ${absolute(Number(param('to')))}` : undefined;
  return (
    <select
      class="button range"
      aria-label="Time range"
      title={brushed}
      value={isBrushed ? 'brushed' : isKeyOf(RANGES, range) ? range : ''}
      onInput={onInput}
    >
      <option value="">All time</option>
      {Object.entries(RANGES).map(([name, { name: title }]) => (
        <option key={name} value={name}>
          {title}
        </option>
      ))}
      {isBrushed && <option value="brushed">{brushed}</option>}
    </select>
  );
}

export function togglePause(): void {
  isPaused.value = !isPaused.value;
  if (!isPaused.value) list.release();
}

/** Resumes the list: undoes whatever holds it. */
function resume(): void {
  document.querySelector('.table')?.scrollTo({ top: 0 });
  setParams({ sel: '', sort: '' }, { isAside: heldBy.peek() !== 'order' });
  list.release();
}

const HELD = {
  selection: 'while a row is selected. Click to clear the selection and show them as they arrive',
  scroll: 'while the list is scrolled. Click to go to the top and show them as they arrive',
  order: 'while the list is sorted. Click to sort by newest and show them as they arrive',
} as const;

function LiveButton() {
  const { isOpen: isConnected, lostSince } = connection.value;
  // While the page connects for the first time, nothing is lost.
  const isOpen = isConnected || lostSince === undefined;
  const held = heldBy.value;
  if (isOpen && held !== undefined && !isPaused.value) {
    return (
      <button
        type="button"
        class="button live"
        aria-pressed={false}
        title={`New traces are held back ${HELD[held]}`}
        onClick={resume}
      >
        <span class="dot" aria-hidden="true" />
        Paused
      </button>
    );
  }
  const isLive = !isPaused.value && isOpen;
  return (
    <button
      type="button"
      class={isLive ? 'button live live-on' : 'button live'}
      aria-pressed={!isPaused.value}
      title={
        isPaused.value
          ? 'New traces are held back. Click to show them as they arrive (p)'
          : 'New traces are shown as they arrive. Click to pause (p)'
      }
      onClick={togglePause}
    >
      <span class="dot" aria-hidden="true" />
      {isPaused.value ? 'Paused' : isOpen ? 'Live' : 'Offline'}
    </button>
  );
}
