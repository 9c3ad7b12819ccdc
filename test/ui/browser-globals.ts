/**
 * What modules of the page look at when they are loaded: enough of a browser for those that do not draw. Import first.
 */
Object.assign(globalThis, {
  location: { pathname: '/', search: '', origin: 'http://127.0.0.1:2000' },
  history: { pushState: () => {}, replaceState: () => {} },
  document: { documentElement: { dataset: {} } },
  localStorage: { getItem: () => null, setItem: () => {} },
  addEventListener: () => {},
});
