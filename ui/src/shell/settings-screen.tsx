import { signal } from '@preact/signals';
import { clearStore, messageOf } from '../api.ts';
import { count, megabytes, plural } from '../format.ts';
import { status } from '../live.ts';
import { isKeyOf, keysOf } from '../keys-of.ts';
import { LinkSettings } from './link-settings.tsx';
import { change, EDITORS, settings, type Settings } from '../settings.ts';
import { TextField } from './text-field.tsx';

const said = signal('');

/** Settings of the page, and the state of the store. */
export function SettingsScreen() {
  const { theme, zone, times, editor, sourceRoot, containerRoot } = settings.value;
  return (
    <div class="settings">
      <h1>Settings</h1>
      <section>
        <h2>Appearance</h2>
        <Choice name="theme" title="Theme" value={theme} options={{ system: 'System', light: 'Light', dark: 'Dark' }} />
        <Choice
          name="times"
          title="Times"
          value={times}
          options={{ absolute: 'Time of day', relative: 'Relative, such as 5 min ago' }}
        />
        <Choice
          name="zone"
          title="Time zone"
          value={zone}
          options={{ local: `This computer’s, ${new Intl.DateTimeFormat().resolvedOptions().timeZone}`, utc: 'UTC' }}
        />
      </section>
      <section>
        <h2>Stack traces</h2>
        <label class="field">
          <span>Open files with</span>
          <select
            class="button"
            value={editor}
            onInput={({ currentTarget: { value } }) => {
              if (isKeyOf(EDITORS, value)) change({ editor: value });
            }}
          >
            {keysOf(EDITORS).map((key) => (
              <option key={key} value={key}>
                {EDITORS[key].name}
              </option>
            ))}
          </select>
        </label>
        <TextField
          title="Source folder"
          value={sourceRoot}
          isCode
          hint="/home/me/shop"
          onChange={(text) => change({ sourceRoot: text })}
        />
        <TextField
          title="Path in the container"
          value={containerRoot}
          isCode
          hint="/app"
          onChange={(text) => change({ containerRoot: text })}
        />
        <p class="faint">A file that runs in a container as /app/orders.py then opens as /home/me/shop/orders.py.</p>
      </section>
      <section>
        <h2>Links to logs</h2>
        <LinkSettings />
      </section>
      <section>
        <h2>Store</h2>
        <Stored />
      </section>
    </div>
  );
}

function Choice<K extends 'theme' | 'times' | 'zone'>({
  name,
  title,
  value,
  options,
}: {
  name: K;
  title: string;
  value: Settings[K];
  options: Readonly<Record<string, string>>;
}) {
  return (
    <div class="field" role="radiogroup" aria-labelledby={`${name}-title`}>
      <span id={`${name}-title`}>{title}</span>
      <div class="options">
        {Object.entries(options).map(([key, label]) => (
          <label key={key}>
            <input
              type="radio"
              name={name}
              value={key}
              checked={value === key}
              onChange={() => change({ [name]: key })}
            />
            {label}
          </label>
        ))}
      </div>
    </div>
  );
}

function Stored() {
  const now = status.value;
  if (now === undefined) return null;
  const clear = async (): Promise<void> => {
    if (!confirm(`Remove ${plural(now.traces, 'trace')}? Pinned traces are kept.`)) return;
    try {
      await clearStore();
      said.value = 'Removed.';
    } catch (error) {
      said.value = messageOf(error);
    }
  };
  return (
    <>
      <dl class="pairs">
        <dt>Contents</dt>
        <dd>
          {plural(now.traces, 'trace')}
          {now.unsampled > 0 && `, ${count(now.unsampled)} of them unsampled,`} in{' '}
          {plural(now.segments, 'segment document')}, {megabytes(now.bytes)} of {megabytes(now.maxBytes)} MB
        </dd>
        <dt>Location</dt>
        <dd>
          {now.file === '' ? (
            <>
              a temporary file, deleted when xrayd stops; start it with <code class="unbroken">--data FILE</code> to
              keep the traces
            </>
          ) : (
            <span class="mono">{now.file}</span>
          )}
        </dd>
        <dt>Account</dt>
        <dd>
          <span class="mono">{now.accountId}</span>, {now.region}
        </dd>
        <dt>Version</dt>
        <dd>xrayd {now.version}</dd>
      </dl>
      <p>
        <button type="button" class="button" onClick={() => void clear()}>
          Remove all traces
        </button>{' '}
        <output>{said.value}</output>
      </p>
    </>
  );
}
