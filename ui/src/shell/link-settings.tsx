import { MAX_LINKS, PLACEHOLDERS, READY_MADE, templateProblem, type LinkTemplate } from '../links-out.ts';
import { change, settings } from '../settings.ts';

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
      <label class="field">
        <span>Name</span>
        <input
          type="text"
          class="text"
          value={template.name}
          onChange={(event) => onChange({ ...template, name: event.currentTarget.value.trim() })}
        />
      </label>
      <label class="field">
        <span>Address</span>
        <input
          type="text"
          class="text mono"
          value={template.url}
          spellcheck={false}
          aria-invalid={problem !== undefined}
          onChange={(event) => onChange({ ...template, url: event.currentTarget.value.trim() })}
        />
      </label>
      <p>
        <button type="button" class="button small" aria-label={`Remove the link ${template.name}`} onClick={onRemove}>
          Remove
        </button>{' '}
        <output class="fault-text">{problem}</output>
      </p>
    </fieldset>
  );
}
