interface TextFieldProps {
  readonly title: string;
  readonly value: string;
  /** The text is code, such as a path or an address. */
  readonly isCode?: boolean;
  readonly isInvalid?: boolean;
  readonly hint?: string;
  /** Receives the text without surrounding spaces. */
  readonly onChange: (text: string) => void;
}

/** A labelled text field of the settings. */
export function TextField({ title, value, isCode = false, isInvalid, hint, onChange }: TextFieldProps) {
  return (
    <label class="field">
      <span>{title}</span>
      <input
        type="text"
        class={isCode ? 'text mono' : 'text'}
        value={value}
        placeholder={hint}
        spellcheck={isCode ? false : undefined}
        aria-invalid={isInvalid}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>
  );
}
