import { signal, useSignal } from '@preact/signals';
import { sendSample, messageOf } from '../api.ts';
import { Copy } from '../copy.tsx';
import { status } from '../live.ts';
import { go } from '../route.ts';
import { stored, store } from '../settings.ts';
import { nowSeconds } from '../wall-clock.ts';
import { isKeyOf, keysOf } from '../keys-of.ts';
import { FORMS, waysTo, written, type Form } from './forms.ts';

const FORM_KEY = 'xrayd.connect-form';
const form = signal<Form>(kept());

function kept(): Form {
  const found = stored(FORM_KEY);
  if (typeof found === 'string' && isKeyOf(FORMS, found)) return found;
  return navigator.userAgent.includes('Windows') ? 'powershell' : 'shell';
}

/**
 * Shown before the first trace: how to connect an application, and a sample trace. The list replaces it automatically.
 */
export function FirstRun() {
  const address = status.value?.address ?? '127.0.0.1:2000';
  return (
    <div class="connect">
      <h1>
        Send segments or spans to <span class="mono">{address}</span>, and they appear here.
      </h1>
      <What />
      <Sample onSent={() => {}} />
      <Ways address={address} />
    </div>
  );
}

/** The same instructions as a screen. */
export function ConnectScreen() {
  const address = status.value?.address;
  if (address === undefined)
    return (
      <div class="connect">
        <h1>Connect an application</h1>
      </div>
    );
  return (
    <div class="connect">
      <h1>
        Connect an application: send segments or spans to <span class="mono">{address}</span>
      </h1>
      <What />
      <Sample onSent={(id) => go(`/traces/${id}`)} />
      <Ways address={address} />
    </div>
  );
}

/** Introduction for users who are new to X-Ray. */
function What() {
  return (
    <p class="dim">
      A segment is what an X-Ray SDK records of one request in one service, and an OpenTelemetry SDK records it as
      spans. The SDK is a library in your application; the segments and spans of all services that took part in a
      request are one trace.
    </p>
  );
}

function Sample({ onSent }: { onSent: (traceId: string) => void }) {
  const isSending = useSignal(false);
  const problem = useSignal('');
  const send = async (): Promise<void> => {
    isSending.value = true;
    try {
      onSent(await sendSample());
      problem.value = '';
    } catch (error) {
      problem.value = messageOf(error);
    }
    isSending.value = false;
  };
  return (
    <p class="buttons">
      <button type="button" class="button primary" disabled={isSending.value} onClick={() => void send()}>
        Send a sample trace
      </button>
      <output class="fault-text">{problem.value}</output>
    </p>
  );
}

function Ways({ address }: { address: string }) {
  return (
    <>
      <div class="options" role="radiogroup" aria-labelledby="forms-title">
        <span id="forms-title">Variables for</span>
        {keysOf(FORMS).map((key) => (
          <label key={key}>
            <input
              type="radio"
              name="form"
              value={key}
              checked={form.value === key}
              onChange={() => {
                form.value = key;
                store(FORM_KEY, key);
              }}
            />
            {FORMS[key]}
          </label>
        ))}
      </div>
      {waysTo({ udp: address, tcpPort: location.port === '' ? '80' : location.port }, form.value, nowSeconds()).map(
        ({ title, variables, lines, note }) => {
          const text = variables === undefined ? (lines ?? []).join('\n') : written(variables, form.value);
          return (
            <section key={title}>
              <h2>{title}</h2>
              <div class="code">
                <pre class="mono">{text}</pre>
                <Copy text={text} what={title} />
              </div>
              <p class="faint">{note}</p>
            </section>
          );
        },
      )}
    </>
  );
}
