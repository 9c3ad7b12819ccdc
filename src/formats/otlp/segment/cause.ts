import type { Json } from '../../../json/json.ts';
import { KIND, STATUS, type Event, type Resource, type Span } from '../messages.ts';
import { derivedId } from './derived-id.ts';
import type { Frame } from './frame.ts';
import { isAwsApi } from './name.ts';
import { parseStack } from './stack.ts';
import { firstText, integerOf, type Taken } from './taken.ts';

const EXCEPTION = 'exception';
/** Of AWS SDKs: a try that failed. */
const FAILED_TRY = 'HTTP request failure';
const LANGUAGE = ['telemetry.sdk.language'];

export interface Cause {
  readonly json: Json | undefined;
  /** Events that the exceptions contain completely. */
  readonly events: ReadonlySet<Event>;
  /** Whether the status message is the message of an exception. */
  readonly hasStatusMessage: boolean;
}

const NO_CAUSE: Cause = { json: undefined, events: new Set(), hasStatusMessage: false };

/** The block `cause`: a span's exceptions, or without them what its status says of an error. */
export function causeOf(span: Span, resource: Resource, attributes: Taken, id: string): Cause {
  if (span.events.length === 0 && span.status.code !== STATUS.error) return NO_CAUSE;
  const exceptions = new Exceptions(`${span.traceId}${id}`, isRemote(span));
  const language = firstText(resource.attributes, LANGUAGE);
  const events = new Set<Event>();
  const isAws = isAwsApi(attributes);
  for (const event of span.events) {
    const isRead =
      event.name === EXCEPTION
        ? exceptions.addEvent(event, language)
        : isAws && event.name === FAILED_TRY && exceptions.addFailedTry(event);
    if (isRead) events.add(event);
  }
  if (exceptions.list.length > 0) return { json: exceptions.json(), events, hasStatusMessage: false };
  if (span.status.code !== STATUS.error) return { json: undefined, events, hasStatusMessage: false };
  const text = attributes.text('http.status_text');
  attributes.take('http.status_text');
  const message = span.status.message === '' ? text : span.status.message;
  if (message === undefined) return { json: undefined, events, hasStatusMessage: true };
  exceptions.addMessage(message);
  return { json: exceptions.json(), events, hasStatusMessage: true };
}

function isRemote({ kind }: Span): boolean {
  return kind === KIND.client || kind === KIND.producer;
}

class Exceptions {
  readonly list: Record<string, unknown>[] = [];
  readonly #seed: string;
  readonly #isRemote: boolean;

  constructor(seed: string, isRemoteSpan: boolean) {
    this.#seed = seed;
    this.#isRemote = isRemoteSpan;
  }

  json(): Json {
    return { exceptions: this.list };
  }

  /** False if the event has a stack of which no frame is known. */
  addEvent({ attributes }: Event, language: string | undefined): boolean {
    const text = firstText(attributes, ['exception.stacktrace']);
    const { frames, causes } = parseStack(language, text ?? '');
    let last = this.#add(
      firstText(attributes, ['exception.type']) ?? '',
      firstText(attributes, ['exception.message']) ?? '',
      this.#isRemote,
      frames,
    );
    for (const { type, message, frames: ofCause } of causes) {
      const cause = this.#add(type, message, this.#isRemote, ofCause);
      last['cause'] = cause['id'];
      last = cause;
    }
    return text === undefined || frames.length > 0 || causes.length > 0;
  }

  /** compat: the message is what X-Ray's own SDKs write for a failed try. */
  addFailedTry({ attributes, timeUnixNano }: Event): boolean {
    const status = attributes['http.response.status_code'];
    const message = attributes['aws.http.error_message'];
    if (status === undefined || typeof message !== 'string') return false;
    const micros = timeUnixNano / 1000n;
    const seconds = `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;
    this.#add('aws.http.error.event', `${integerOf(status) ?? ''}@${seconds}@${message}`, true, []);
    return true;
  }

  addMessage(message: string): void {
    this.list.push({ id: this.#id(), type: '', message });
  }

  #add(type: string, message: string, remote: boolean, frames: readonly Frame[]): Record<string, unknown> {
    const exception: Record<string, unknown> = { id: this.#id(), type, message, remote };
    if (frames.length > 0) exception['stack'] = frames;
    this.list.push(exception);
    return exception;
  }

  #id(): string {
    return derivedId(`${this.#seed} ${this.list.length}`);
  }
}
