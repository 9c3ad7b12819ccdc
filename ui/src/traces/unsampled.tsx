import { count } from '../format.ts';
import { status } from '../live.ts';
import { param, setParams } from '../route.ts';
import { hasUnsampled, isPart } from '../search.ts';

/** Shows or hides traces that AWS would not keep. Absent without such traces; pinned ones are always shown. */
export function Unsampled() {
  const number = status.value?.unsampled ?? 0;
  const isOn = hasUnsampled.value;
  if ((number === 0 && !isOn) || param('pinned') !== '') return null;
  return (
    <button
      type="button"
      class="button small"
      aria-pressed={isOn}
      title="Traces that AWS would not keep: OpenTelemetry SDKs of AWS send them for Application Signals"
      onClick={() => setParams({ unsampled: isOn ? '' : 'true' })}
    >
      {/* The number is that of the store, not of the matches. */}
      {isPart.value ? 'Unsampled too' : `${count(number)} unsampled`}
    </button>
  );
}
