const cuts = new Map<string, string>();

/** The text, shortened with … at its end to fit. */
export function cut(context: CanvasRenderingContext2D, font: string, text: string, maxWidth: number): string {
  const key = `${Math.round(maxWidth)} ${font} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let result = text;
  if (context.measureText(text).width > maxWidth) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= maxWidth) low = middle;
      else high = middle - 1;
    }
    result = low === 0 ? '' : `${text.slice(0, low)}…`;
  }
  if (cuts.size > 5_000) cuts.clear();
  cuts.set(key, result);
  return result;
}
