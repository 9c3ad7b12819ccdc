const cuts = new Map<string, string>();

/** The text, or as much of it as fits with … at its end. */
export function cut(context: CanvasRenderingContext2D, font: string, text: string, room: number): string {
  const key = `${Math.round(room)} ${font} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let result = text;
  if (context.measureText(text).width > room) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    result = low === 0 ? '' : `${text.slice(0, low)}…`;
  }
  if (cuts.size > 5_000) cuts.clear();
  cuts.set(key, result);
  return result;
}
