import './browser-globals.ts';
import { expect, test } from 'vitest';
import { XRaySpan } from '../../src/formats/xray/span.ts';
import type { SpanException } from '../../src/trace/model.ts';
import { framesOf, placeOf, resolvedPath } from '../../ui/src/trace/stack.ts';

const thrown = (stack: readonly object[], aws: object = {}): SpanException =>
  new XRaySpan({ id: 'a', name: 'x', aws, cause: { exceptions: [{ stack }] } }, false).exceptions[0]!;
const frames = (stack: readonly object[], aws: object = {}): string[] =>
  framesOf(thrown(stack, aws)).map((frame) => `${frame.isOwn ? 'own' : 'library'} ${placeOf(frame)}`);

test('distinguishes frames of libraries, frameworks and runtimes from those of the application', () => {
  const own = [
    { path: 'orders/repository.py', label: 'save' },
    { path: '/app/src/server.js', label: 'handle' },
    { path: 'C:\\work\\shop\\Cart.cs', label: 'Shop.Cart.Add' },
    { path: 'Cart.java', label: 'com.example.Cart.add' },
    { path: '/home/me/vendors/x.py', label: 'f' },
    { path: 'app.py', label: 'checkout' },
    { path: 'main.go', label: 'main.main' },
  ];
  const library = [
    { path: '/usr/lib/python3.11/site-packages/flask/app.py', label: 'dispatch_request' },
    { path: '/usr/local/lib/python3.12/json/decoder.py', label: 'decode' },
    { path: '/app/node_modules/express/lib/router.js', label: 'next' },
    { path: 'node:internal/process/task_queues', label: 'processTicksAndRejections' },
    { path: 'internal/modules/cjs/loader.js', label: 'load' },
    { path: '<frozen importlib._bootstrap>', label: '_call_with_frames_removed' },
    { path: 'Method.java', label: 'java.lang.reflect.Method.invoke' },
    { path: 'FrameworkServlet.java', label: 'org.springframework.web.servlet.FrameworkServlet.service' },
    { path: '/root/go/pkg/mod/github.com/x/y@v1/z.go', label: 'y.Z' },
    { path: 'app.py', label: 'full_dispatch_request' },
    { path: 'connectionpool.py', label: 'urlopen' },
  ];
  for (const frame of own) expect([frame, framesOf(thrown([frame]))[0]!.isOwn]).toEqual([frame, true]);
  for (const frame of library) expect([frame, framesOf(thrown([frame]))[0]!.isOwn]).toEqual([frame, false]);
});

test('shows the outermost frame last, although AWS’s Python SDK sends it first', () => {
  const stack = [
    { path: 'app.py', line: 917, label: 'full_dispatch_request' },
    { path: 'app.py', line: 35, label: 'checkout' },
  ];
  expect(frames(stack, { xray: { sdk: 'X-Ray for Python' } })).toEqual(['own app.py:35', 'library app.py:917']);
  expect(frames(stack)).toEqual(['library app.py:917', 'own app.py:35']);
});

test('a path opens in the editor only if its folder is known', () => {
  expect(resolvedPath('/app/x.py', undefined, '')).toBe('/app/x.py');
  expect(resolvedPath('C:\\x\\y.cs', undefined, '')).toBe('C:\\x\\y.cs');
  expect(resolvedPath('orders/x.py', '/app', '')).toBe('/app/orders/x.py');
  expect(resolvedPath('orders/x.py', undefined, '/home/me')).toBe('orders/x.py');
  for (const path of [
    'app.py',
    'Foo.java',
    'node:events',
    '<frozen runpy>',
    'internal/x.js',
    'https://cdn.example/app.js',
    '',
  ])
    expect([path, resolvedPath(path, '/app', '/home/me')]).toEqual([path, undefined]);
  expect(resolvedPath('orders/x.py', undefined, '')).toBeUndefined();
});
