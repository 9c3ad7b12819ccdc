let focus: () => boolean = () => false;

/** Puts the cursor into the field that finds in the trace. False when it is there already, or the view has none. */
export function focusFind(): boolean {
  return focus();
}

export function setFindFocus(next: () => boolean): void {
  focus = next;
}
