import { plural } from '../format.ts';
import { isField } from './fields.ts';
import { apartFrom, inSeconds, insteadOf, missingDigits } from './instead.ts';
import { expression, mistake, search, words } from '../search.ts';

/** Shown instead of matches while the expression has a mistake. */
export function Unsearched() {
  const found = mistake.value;
  if (found === undefined) return null;
  const { message, remedy } = found;
  return (
    <div class="empty">
      <h2>Not searched: the expression has a mistake</h2>
      <p class="mono">{expression.value}</p>
      <p title={found.xray}>
        {sentence(message)}
        <span class="unseen"> X-Ray says: {found.xray}</span>
      </p>
      <p class="buttons">
        {remedy !== undefined && (
          <button type="button" class="button mono" onClick={() => search({ q: remedy, text: words.peek() })}>
            {remedy}
          </button>
        )}
        <TextButton text={expression.value} />
        <button type="button" class="button" onClick={() => search({ q: '', text: words.peek() })}>
          Clear the filter
        </button>
      </p>
    </div>
  );
}

/** A word that is also a keyword, such as `error`, may have been meant as text. */
export function SearchAsText() {
  if (words.value !== '' || !/^[\w ]+$/.test(expression.value)) return null;
  return <TextButton text={expression.value} />;
}

/** Alternative searches for one without matches. */
export function Instead() {
  const asked = words.value === '' ? expression.value : words.value;
  return (
    <>
      {insteadOf(asked).map((condition) => (
        <button key={condition} type="button" class="button mono" onClick={() => search({ q: condition, text: '' })}>
          {condition}
        </button>
      ))}
      <Apart />
      <InSeconds />
    </>
  );
}

/** Offers a condition and a text instead of words that no trace contains together. */
function Apart() {
  const meant = expression.value === '' ? apartFrom(words.value) : undefined;
  if (meant === undefined) return null;
  if (meant.q === '') return <TextButton text={meant.text} />;
  return (
    <button type="button" class="button" onClick={() => search(meant)}>
      <span class="mono">{meant.q}</span> with the text “{meant.text}”
    </button>
  );
}

/** Offers the same condition for values that were probably meant as milliseconds. */
function InSeconds() {
  const meant = inSeconds(expression.value);
  if (meant === undefined) return null;
  return (
    <button
      type="button"
      class="button"
      title="X-Ray takes seconds"
      onClick={() => search({ q: meant, text: words.peek() })}
    >
      In seconds: <span class="mono">{meant}</span>
    </button>
  );
}

export function MissingDigits() {
  const missing = missingDigits(words.value);
  if (missing === undefined) return null;
  return <p>This is the beginning of a trace id: {plural(missing, 'digit')} of the last 24 are missing.</p>;
}

function TextButton({ text }: { text: string }) {
  return (
    <button type="button" class="button" onClick={() => search({ q: '', text })}>
      Search the text “{text}”
    </button>
  );
}

/** Keywords are not capitalized. */
function sentence(text: string): string {
  if (isField(/^[\w.]+/.exec(text)?.[0] ?? '')) return `${text}.`;
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
