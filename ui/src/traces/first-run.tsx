import { useSignal } from '@preact/signals';
import { sendSample } from '../api.ts';
import { status } from '../live.ts';
import { Copy } from '../copy.tsx';
import { nowSeconds } from '../wall-clock.ts';

interface Line {
  readonly title: string;
  readonly lines: readonly string[];
  readonly note?: string;
}

/** Each as it is pasted into a shell or a file. Sources: the SDKs' own documentation of their environment. */
function linesFor(address: string): readonly Line[] {
  const [host = '127.0.0.1', port = '2000'] = address.split(/:(?=\d+$)/);
  const daemon = `export AWS_XRAY_DAEMON_ADDRESS=${address}`;
  return [
    {
      title: 'Node.js, Python, Java, Go, Ruby, .NET',
      lines: [daemon],
      note: 'The default of every X-Ray SDK is 127.0.0.1:2000: there nothing has to be set.',
    },
    {
      title: 'Outside of a request',
      lines: ['export AWS_XRAY_CONTEXT_MISSING=LOG_ERROR'],
      note: 'So that code without a segment, such as a script, does not fail.',
    },
    {
      title: 'A container',
      lines: [`docker run -e AWS_XRAY_DAEMON_ADDRESS=host.docker.internal:${port} --add-host host.docker.internal:host-gateway IMAGE`],
      note: `xrayd has to listen there too: xrayd local --bind 0.0.0.0:${port}`,
    },
    {
      title: 'Lambda and SAM',
      lines: [
        `cat > env.json <<'END'`,
        `{ "Parameters": {`,
        `  "AWS_XRAY_DAEMON_ADDRESS": "host.docker.internal:${port}",`,
        `  "_X_AMZN_TRACE_ID": "Root=1-${hexNow()}-${'0'.repeat(23)}1;Parent=${'0'.repeat(15)}1;Sampled=1" } }`,
        'END',
        'sam local invoke --env-vars env.json',
      ],
      note: 'Locally nobody sets the trace id of an invocation: give it one. SAM passes on what the template declares under Environment.',
    },
    { title: 'Tests', lines: ['xrayd run -- npm test'], note: 'Sets the variables for the command, and sums up its traces at the end.' },
    {
      title: 'Read with the AWS CLI or an AWS SDK',
      lines: [`export AWS_ENDPOINT_URL_XRAY=http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`],
      note: 'Any region and credentials will do.',
    },
  ];
}

function hexNow(): string {
  return Math.floor(nowSeconds()).toString(16);
}

/** Before the first trace: what to set, and a trace to look at. */
export function FirstRun() {
  const isSending = useSignal(false);
  const problem = useSignal('');
  const address = status.value?.address ?? '127.0.0.1:2000';
  const send = async (): Promise<void> => {
    isSending.value = true;
    try {
      await sendSample();
      problem.value = '';
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
    isSending.value = false;
  };
  return (
    <div class="first-run">
      <h1>
        Send segments to <span class="mono">{address}</span>, and they appear here.
      </h1>
      <p class="buttons">
        <button type="button" class="button primary" disabled={isSending.value} onClick={() => void send()}>
          Send a sample trace
        </button>
        <span role="status" class="fault-text">
          {problem.value}
        </span>
      </p>
      {linesFor(address).map(({ title, lines, note }) => (
        <section key={title}>
          <h2>{title}</h2>
          <div class="code">
            <pre class="mono" tabIndex={0}>
              {lines.join('\n')}
            </pre>
            <Copy text={lines.join('\n')} what={title} />
          </div>
          {note !== undefined && <p class="faint">{note}</p>}
        </section>
      ))}
    </div>
  );
}
