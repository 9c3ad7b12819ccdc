let focus: () => void = () => {};

/** Puts the cursor into the field that finds in the trace. */
export function focusFind(): void {
  focus();
}

export function setFindFocus(next: () => void): void {
  focus = next;
}
