/** Labels of the plain field and of the editor that replaces it. */
export const LABEL = 'Search: text, filter expression or trace id';
export const PLACEHOLDER = 'Search text, service("checkout") AND fault, or a trace id';
export const HINT_ID = 'query-hint';
