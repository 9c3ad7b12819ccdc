import type { Measured } from './scenarios.ts';

const COLORS = ['#2563eb', '#9ca3af', '#d97706'];
const WIDTH = 640;
const ROW = 22;
const LEFT = 110;

/** CPU per segment of each steady scenario, with a bar per daemon, as SVG. */
export function chartOf(results: Readonly<Record<string, Readonly<Record<string, Measured>>>>): string {
  const rows = Object.entries(results).flatMap(([name, by]) =>
    Object.entries(by).flatMap(([daemon, { cpuUsPerSegment }]) =>
      cpuUsPerSegment === undefined ? [] : [{ name, daemon, value: cpuUsPerSegment }],
    ),
  );
  const daemons = [...new Set(rows.map(({ daemon }) => daemon))];
  const highest = Math.max(1, ...rows.map(({ value }) => value));
  const bars = rows.map(({ name, daemon, value }, i) => {
    const y = 40 + i * ROW;
    const width = Math.max(1, (value / highest) * (WIDTH - LEFT - 80));
    const color = COLORS[daemons.indexOf(daemon) % COLORS.length];
    const isFirst = rows[i - 1]?.name !== name;
    return [
      isFirst ? `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escaped(name)}</text>` : '',
      `<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW - 6}" fill="${color}"/>`,
      `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 14}">${value.toFixed(0)} µs</text>`,
    ].join('');
  });
  const legend = daemons
    .map((daemon, i) => `<tspan fill="${COLORS[i % COLORS.length]}">■ ${escaped(daemon)}  </tspan>`)
    .join('');
  const height = 50 + rows.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${LEFT}" y="22">CPU per segment: ${legend}</text>
${bars.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
