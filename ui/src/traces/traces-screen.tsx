import { later } from '../later.tsx';
import { list, status } from '../live.ts';
import { HoverCard } from '../hover-card.tsx';
import { Histogram } from './histogram.tsx';
import { hasCharts, Legend } from './legend.tsx';
import { Scatter } from './scatter.tsx';
import { Table } from './table.tsx';

const FirstRun = later(async () => (await import('../connect/connect.tsx')).FirstRun);

/** The screen with the list of traces. */
export function TracesScreen() {
  void list.version.value;
  const isEmptyStore = status.value?.traces === 0 && list.rows.length === 0 && list.waiting.value === 0;
  if (isEmptyStore && list.state.value === 'ready') return <FirstRun />;
  // The charts above the rows come with them.
  const isFirst = list.state.value === 'loading' && list.rows.length === 0;
  return (
    <div class={isFirst ? 'traces unread' : 'traces'}>
      <h1 class="unseen">Traces</h1>
      {hasCharts() && (
        <div class="charts">
          <Scatter />
          <Histogram />
        </div>
      )}
      <Legend />
      <Table />
      <HoverCard />
    </div>
  );
}
