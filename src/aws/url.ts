/** An endpoint as people write it: without a scheme it is https, as in the reference daemon. */
export function parseEndpoint(text: string): URL {
  return new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`);
}
