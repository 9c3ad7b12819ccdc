import { parseJson } from '../../json/exact-number.ts';
import { isObject, numberOf, textOf, type Json } from '../../json/json.ts';
import { newAttributes, newEvent, type Attributes, type Event } from '../otlp/messages.ts';
import { nanosOf } from './nanos.ts';
import { valueOf } from './value.ts';

/** An annotation: its text is the event's name, or what OpenTelemetry's exporters write: `name|{attributes}|dropped`. */
export function eventOf({ timestamp, value }: Json): Event {
  const text = textOf(value) ?? '';
  const timeUnixNano = nanosOf(numberOf(timestamp));
  const first = text.indexOf('|');
  const last = text.lastIndexOf('|');
  const attributes = last > first ? attributesIn(text.slice(first + 1, last)) : undefined;
  if (attributes === undefined) return { ...newEvent(), timeUnixNano, name: text };
  const droppedAttributesCount = Math.max(0, Math.trunc(Number(text.slice(last + 1))) || 0);
  return { timeUnixNano, name: text.slice(0, first), attributes, droppedAttributesCount };
}

/** The attributes in a text, if it is a JSON object. */
export function attributesIn(text: string): Attributes | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const json = parseJson(text);
    if (!isObject(json)) return undefined;
    const attributes = newAttributes();
    for (const [key, value] of Object.entries(json)) attributes[key] = valueOf(value);
    return attributes;
  } catch {
    return undefined;
  }
}
