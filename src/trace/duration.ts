const UNITS = [
  { below: 1e-3, factor: 1e6, unit: 'µs' },
  { below: 1, factor: 1e3, unit: 'ms' },
  { below: 60, factor: 1, unit: 's' },
] as const;

/** Three significant digits and a unit: 812 µs, 38.2 ms, 1.28 s; above a minute: 2 min 5 s, 3 h 20 min, 4 d 2 h. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 0) return `−${duration(-seconds)}`;
  if (seconds === 0) return '0 ms';
  // A value that rounds up to the next unit uses that unit: not 1000 ms.
  const unit = UNITS.find(
    ({ below, factor }) => seconds < below && Number((seconds * factor).toPrecision(3)) < below * factor,
  );
  if (unit !== undefined) return `${significant(seconds * unit.factor)} ${unit.unit}`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return parts(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return parts(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3_600);
  return parts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function parts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

function significant(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
