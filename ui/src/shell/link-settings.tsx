import { PLACEHOLDERS, READY_MADE, templateProblem } from '../links-out.ts';
import { change, MAX_LINKS, settings, type LinkTemplate } from '../settings.ts';
import { TextField } from './text-field.tsx';

/** Templates of links to logs and other tools. */
export function LinkSettings() {
  const { links } = settings.value;
  const add = (template: LinkTemplate): void => change({ links: [...links, template] });
  return (
    <>
      {links.map((template, i) => (
        <LinkField
          key={i}
          number={i + 1}
          template={template}
          onChange={(changed) => change({ links: links.with(i, changed) })}
          onRemove={() => change({ links: links.toSpliced(i, 1) })}
        />
      ))}
      {links.length < MAX_LINKS && (
        <p class="buttons">
          {READY_MADE.map((template) => (
            <button key={template.name} type="button" class="button" onClick={() => add(template)}>
              Add {template.name}
            </button>
          ))}
          <button type="button" class="button" onClick={() => add({ name: 'Logs', url: 'https://' })}>
            Add another
          </button>
        </p>
      )}
      <p class="faint">
        The header of a trace shows these links. A link whose placeholders have no value in the trace is left out.
      </p>
      <details>
        <summary>Placeholders</summary>
        <dl class="pairs">
          {Object.entries(PLACEHOLDERS).map(([name, meaning]) => (
            <Placeholder key={name} name={name} meaning={meaning} />
          ))}
          <Placeholder name="annotation.KEY" meaning="the annotation KEY of the selected span, or of the root" />
        </dl>
      </details>
    </>
  );
}

function Placeholder({ name, meaning }: { name: string; meaning: string }) {
  return (
    <>
      <dt class="mono">{`{${name}}`}</dt>
      <dd>{meaning}</dd>
    </>
  );
}

interface LinkFieldProps {
  readonly number: number;
  readonly template: LinkTemplate;
  readonly onChange: (template: LinkTemplate) => void;
  readonly onRemove: () => void;
}

function LinkField({ number, template, onChange, onRemove }: LinkFieldProps) {
  const problem = templateProblem(template);
  return (
    <fieldset class="link-template">
      <legend class="unseen">Link {number}</legend>
      <TextField title="Name" value={template.name} onChange={(name) => onChange({ ...template, name })} />
      <TextField
        title="Address"
        value={template.url}
        isCode
        isInvalid={problem !== undefined}
        onChange={(url) => onChange({ ...template, url })}
      />
      <p>
        <button type="button" class="button small" aria-label={`Remove the link ${template.name}`} onClick={onRemove}>
          Remove
        </button>{' '}
        <output class="fault-text">{problem}</output>
      </p>
    </fieldset>
  );
}
