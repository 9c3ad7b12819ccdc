import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/json/json.ts';
import { KIND, STATUS } from '../../../../src/formats/otlp/messages.ts';
import { parseStack } from '../../../../src/formats/otlp/segment/stack.ts';
import { metadataOf, segmentOf, type Members } from '../../../fakes/segments-of.ts';
import { event, PARENT } from '../../../fakes/otlp.ts';

const exceptionsOf = (segment: Json): Json[] => (segment['cause'] as { exceptions: Json[] }).exceptions;
const withoutIds = (exceptions: readonly Json[]): Json[] =>
  exceptions.map((exception) => ({ ...exception, id: undefined, cause: undefined }));
const failed = (members: Members): Json => segmentOf({ status: { code: STATUS.error, message: '' }, ...members });

describe('cause', () => {
  test('exceptions follow the order of their events', () => {
    const segment = segmentOf({
      events: [
        event('exception', { 'exception.type': 'A', 'exception.message': 'a' }),
        event('log'),
        event('exception', { 'exception.message': 'b' }),
      ],
    });
    expect(withoutIds(exceptionsOf(segment))).toEqual([
      { type: 'A', message: 'a', remote: false },
      { type: '', message: 'b', remote: false },
    ]);
  });

  test.each([
    ['client', true],
    ['producer', true],
    ['internal', false],
    ['consumer', false],
  ] as const)('of a %s remote is %s', (kind, remote) => {
    const segment = segmentOf({ kind: KIND[kind], parentSpanId: PARENT, events: [event('exception')] });
    expect(exceptionsOf(segment)).toMatchObject([{ remote }]);
  });

  test('a failed try of an AWS SDK is an exception, and of another client an event', () => {
    const events = [
      event('HTTP request failure', { 'http.response.status_code': 503n, 'aws.http.error_message': 'slow' }),
    ];
    const members = { kind: KIND.client, parentSpanId: PARENT, events };
    expect(withoutIds(exceptionsOf(segmentOf({ ...members, attributes: { 'rpc.system': 'aws-api' } })))).toEqual([
      { type: 'aws.http.error.event', message: '503@1764349296.500000@slow', remote: true },
    ]);
    expect(segmentOf(members)).not.toHaveProperty('cause');
  });

  test('without an exception, the message of an error status is one', () => {
    expect(withoutIds(exceptionsOf(failed({ status: { code: STATUS.error, message: 'no' } })))).toEqual([
      { type: '', message: 'no' },
    ]);
  });

  test('without a message, http.status_text is one, and is taken', () => {
    const segment = failed({ attributes: { 'http.status_text': 'Bad' } });
    expect(withoutIds(exceptionsOf(segment))).toEqual([{ type: '', message: 'Bad' }]);
    expect(metadataOf(segment)).not.toHaveProperty('http.status_text');
    expect(metadataOf(segmentOf({ attributes: { 'http.status_text': 'OK' } }))).toHaveProperty('http.status_text');
  });

  test('an error without a message has no cause', () => {
    expect(failed({})).not.toHaveProperty('cause');
  });

  test('a stack of several exceptions links each to its cause', () => {
    const text = 'A: a\n\tat a.B.c(B.java:1)\nCaused by: D: d\n\tat d.E.f(E.java:2)\n';
    const segment = segmentOf(
      {
        events: [event('exception', { 'exception.type': 'A', 'exception.message': 'a', 'exception.stacktrace': text })],
      },
      { 'telemetry.sdk.language': 'java' },
    );
    const [first, second] = exceptionsOf(segment);
    expect(first).toMatchObject({
      type: 'A',
      cause: second!['id'],
      stack: [{ path: 'B.java', line: 1, label: 'a.B.c' }],
    });
    expect(second).toMatchObject({ type: 'D', message: 'd', remote: false, stack: [{ path: 'E.java' }] });
  });

  test('a stack of another language stays an event', () => {
    const segment = segmentOf(
      { events: [event('exception', { 'exception.type': 'A', 'exception.stacktrace': '0: main\n' })] },
      { 'telemetry.sdk.language': 'rust' },
    );
    expect(exceptionsOf(segment)).toMatchObject([{ type: 'A' }]);
    expect(metadataOf(segment)['otel.events']).toMatchObject([{ attributes: { 'exception.stacktrace': '0: main\n' } }]);
  });
});

const frames = (language: string, text: string): string[] =>
  parseStack(language, text).frames.map(({ path, line, label }) => `${label}|${path}|${line}`);
const causes = (language: string, text: string): unknown[] =>
  parseStack(language, text).causes.map(({ type, message, frames: of }) => [type, message, of.length]);

describe('stacks', () => {
  const JAVA = [
    'java.lang.IllegalStateException: outer',
    '\tat io.example.Main.run(Main.java:12)',
    '\tat java.base/java.lang.Thread.run(Thread.java:829)',
    '\tat app//io.example.Main.main(Main.java:5)',
    '\tat io.example.Main$$Lambda/0x0000000800c03000.apply(Unknown Source)',
    '\tat java.lang.reflect.Method.invoke(Native Method)',
    '\tSuppressed: java.io.IOException: close',
    '\t\tat io.example.Main.close(Main.java:40)',
    '\t... 3 more',
    'Caused by: java.io.IOException: inner: one',
    'line two',
    '\tat io.example.Io.read(Io.java:7)',
    '\t... 12 more',
    'Caused by: java.lang.Error',
    '\tat io.example.Io.open(Io.java:3)',
  ].join('\r\n');

  test('of Java, with modules, native methods and causes', () => {
    expect(frames('java', JAVA)).toEqual([
      'io.example.Main.run|Main.java|12',
      'java.lang.Thread.run|Thread.java|829',
      'io.example.Main.main|Main.java|5',
      'io.example.Main$$Lambda/0x0000000800c03000.apply|Unknown Source|0',
      'java.lang.reflect.Method.invoke|Native Method|0',
    ]);
    expect(causes('java', JAVA)).toEqual([
      ['java.io.IOException', 'inner: one\nline two', 1],
      ['java.lang.Error', '', 1],
    ]);
  });

  test('of PHP, as its SDK and as PHP itself writes them', () => {
    expect(frames('php', 'Exception: no\n\tat App.Order.pay(Order.php:12)')).toEqual(['App.Order.pay|Order.php|12']);
    expect(frames('php', 'Exception: no in /a.php:3\n#0 /app/Order.php(12): App\\Order->pay()\n#1 {main}')).toEqual([
      'App\\Order->pay()|/app/Order.php|12',
    ]);
  });

  const PYTHON = [
    'Traceback (most recent call last):',
    '  File "/app/db.py", line 3, in read',
    '    raise KeyError("id: 7")',
    "KeyError: 'id: 7'",
    '',
    'During handling of the above exception, another exception occurred:',
    '',
    'Traceback (most recent call last):',
    '  File "/app/a, b.py", line 9, in load',
    '    read()',
    '    ^^^^^^',
    'ValueError: two',
    'lines',
    '',
    'The above exception was the direct cause of the following exception:',
    '',
    'Traceback (most recent call last):',
    '  File "/app/main.py", line 20, in <module>',
    '    load()',
    '  File "/app/main.py", line 12, in load',
    '    pass',
    'RuntimeError: outer',
  ].join('\n');

  test('of Python, innermost first, with both kinds of causes', () => {
    expect(frames('python', PYTHON)).toEqual(['load|/app/main.py|12', '<module>|/app/main.py|20']);
    expect(causes('python', PYTHON)).toEqual([
      ['ValueError', 'two\nlines', 1],
      ['KeyError', "'id: 7'", 1],
    ]);
  });

  test.each(['javascript', 'nodejs', 'webjs'])('of V8, as %s', (language) => {
    const text = [
      'TypeError: at the start (x:1:2)',
      '    at Order.pay (/app/order.js:12:7)',
      '    at async Promise.all (index 0)',
      '    at node:internal/process:95:5',
      '    at file:///app/main.mjs:7:9',
      '    at new Foo (C:\\app (x86)\\foo.js:3:1)',
      '    at Array.map (native)',
      '    at eval (eval at run (/app/a.js:1:2), <anonymous>:3:4)',
      '    at <anonymous>',
    ].join('\n');
    expect(frames(language, text)).toEqual([
      'Order.pay|/app/order.js|12',
      'async Promise.all|index 0|0',
      '|node:internal/process|95',
      '|file:///app/main.mjs|7',
      'new Foo|C:\\app (x86)\\foo.js|3',
      'Array.map|native|0',
      'eval|eval at run (/app/a.js:1:2), <anonymous>|3',
      '|<anonymous>|0',
    ]);
  });

  test('of Firefox and Safari', () => {
    const text =
      'pay@https://a.example/app.js:12:7\n@https://a.example/app.js:1:1\nasync*load@https://a.example/b.js:3:4\n';
    expect(frames('webjs', text)).toEqual([
      'pay|https://a.example/app.js|12',
      '|https://a.example/app.js|1',
      'async*load|https://a.example/b.js|3',
    ]);
  });

  test('of .NET', () => {
    const text = [
      'System.InvalidOperationException: no',
      '   at App.Order.Pay(Int32 id) in C:\\app\\Order.cs:line 12',
      '   at App.Program.<Main>$(String[] args)',
      '  at App.Mono.Run (System.String in) [0x00001] in <a1b2c3>:0 ',
      '   at App.Rest() in unknown',
      '   --- End of inner exception stack trace ---',
    ].join('\r\n');
    expect(frames('dotnet', text)).toEqual([
      'App.Order.Pay(Int32 id)|C:\\app\\Order.cs|12',
      'App.Program.<Main>$(String[] args)||0',
      'App.Mono.Run (System.String in) [0x00001]|<a1b2c3>|0',
      'App.Rest()|unknown|0',
    ]);
  });

  test('of Go', () => {
    const text = [
      'goroutine 1 [running]:',
      'main.pay(0x1)',
      '\t/app/main.go:12 +0x5a',
      'created by main.main in goroutine 1',
      '\t/app/main.go:5 +0x1d',
      'main.init()',
      '\tC:/my app/init.go:7 +0x2 fp=0xc0 sp=0xc1',
      'main.last()',
      '\t/my app/last.go:8',
      '',
      'exit status 2',
    ].join('\n');
    expect(frames('go', text)).toEqual([
      'main.pay(0x1)|/app/main.go|12',
      'created by main.main in goroutine 1|/app/main.go|5',
      'main.init()|C:/my app/init.go|7',
      'main.last()|/my app/last.go|8',
    ]);
    expect(frames('go', `error: no\n${text}`)).toHaveLength(4);
  });

  test("of Ruby, before and since 3.4's quotes", () => {
    const text = [
      "/app/order.rb:12:in `pay': no (RuntimeError)",
      "\tfrom /app/main.rb:3:in 'Order#load'",
      "/app/main.rb:1:in `<main>'",
    ].join('\n');
    expect(frames('ruby', text)).toEqual([
      'pay|/app/order.rb|12',
      'Order#load|/app/main.rb|3',
      '<main>|/app/main.rb|1',
    ]);
  });

  test.each(['rust', 'constructor', ''])('of the language %j no frames are known', (language) => {
    expect(parseStack(language, JAVA).frames).toEqual([]);
  });

  test.each(['java', 'php', 'python', 'nodejs', 'dotnet', 'go', 'ruby'])(
    'of %s a text that is no stack has no frames, and a hostile one ends',
    (language) => {
      expect(parseStack(language, 'oops').frames).toEqual([]);
      expect(parseStack(language, '').frames).toEqual([]);
      for (const unit of ['\tat (', '  File "', '    at (', 'a@', ':in `', '\t:', '#0 (', '\n', 'Caused by: ', '/'])
        expect(parseStack(language, unit.repeat(200_000)).causes.length).toBeLessThan(20_000);
    },
  );
});
