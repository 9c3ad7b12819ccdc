/** Traces of an invented shop, as the SDKs would write them: for the page's pictures, its tests and its benchmark. */

export type Json = Record<string, unknown>;

/** The same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed % 2147483647;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** Builds one trace. Times are seconds; `start` since the epoch. */
export class ShopTrace {
  readonly traceId: string;
  readonly documents: Json[] = [];
  readonly #random: () => number;

  constructor(start: number, random: () => number) {
    this.#random = random;
    this.traceId = `1-${Math.floor(start).toString(16).padStart(8, '0')}-${this.hex(24)}`;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += Math.floor(this.#random() * 16).toString(16);
    return text;
  }

  segment(name: string, start: number, seconds: number | undefined, members: Json = {}): Json {
    const document = {
      id: this.hex(16),
      trace_id: this.traceId,
      name,
      start_time: start,
      ...ended(start, seconds),
      ...members,
    };
    this.documents.push(document);
    return document;
  }

  sub(name: string, start: number, seconds: number | undefined, members: Json = {}): Json {
    return { id: this.hex(16), name, start_time: start, ...ended(start, seconds), ...members };
  }

  /** A call of a service that reports, with its segment. */
  call(
    service: string,
    start: number,
    seconds: number,
    {
      method = 'GET',
      path = '/',
      status = 200,
      ...members
    }: Json & { method?: string; path?: string; status?: number },
  ): Json {
    const url = `http://${service}.shop.example${path}`;
    const http = { request: { method, url }, response: { status } };
    const call = this.sub(service, start, seconds, { namespace: 'remote', http, ...flagsOf(status) });
    this.segment(service, start + 0.002, Math.max(0.0005, seconds - 0.004), {
      parent_id: call['id'],
      http,
      ...flagsOf(status),
      ...members,
    });
    return call;
  }

  sql(database: string, query: string, start: number, seconds: number): Json {
    return this.sub(database, start, seconds, {
      namespace: 'remote',
      sql: { sanitized_query: query, database_type: 'PostgreSQL', database_version: '17.2', user: 'shop' },
    });
  }

  aws(service: string, start: number, seconds: number, aws: Json, members: Json = {}): Json {
    return this.sub(service, start, seconds, {
      namespace: 'aws',
      aws: { region: 'us-east-1', request_id: this.hex(12).toUpperCase(), ...aws },
      ...members,
    });
  }

  get texts(): string[] {
    return this.documents.map((document) => JSON.stringify(document));
  }
}

function ended(start: number, seconds: number | undefined): Json {
  return seconds === undefined ? { in_progress: true } : { end_time: start + seconds };
}

function flagsOf(status: number): Json {
  if (status === 429) return { throttle: true, error: true };
  if (status >= 500) return { fault: true };
  return status >= 400 ? { error: true } : {};
}

function entry(method: string, path: string, status: number, members: Json = {}): Json {
  const request = {
    method,
    url: `https://shop.example${path}`,
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    client_ip: '203.0.113.7',
  };
  return { http: { request, response: { status, content_length: 5_214 } }, ...flagsOf(status), ...members };
}

/** A checkout: an N+1 in the prices, a table that is throttled, a fault with its stack. */
export function checkout(
  start: number,
  random: () => number,
  { isFailing = true }: { isFailing?: boolean } = {},
): ShopTrace {
  const trace = new ShopTrace(start, random);
  const prices = Array.from({ length: 24 }, (_, i) =>
    trace.call('catalog', start + 0.06 + i * 0.0037, 0.0034, {
      path: `/api/prices/${4_400 + i}`,
      origin: 'AWS::ECS::Container',
    }),
  );
  const exception = {
    id: trace.hex(16),
    type: 'ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
    stack: [
      { path: 'orders/repository.py', line: 88, label: 'save_order' },
      { path: 'orders/handlers.py', line: 41, label: 'checkout' },
      { path: '/usr/lib/python3.11/site-packages/flask/app.py', line: 1_484, label: 'dispatch_request' },
    ],
  };
  const table = trace.aws(
    'DynamoDB',
    start + 0.4126,
    isFailing ? 0.4861 : 0.021,
    { operation: 'PutItem', table_name: 'orders', ...(isFailing ? { retries: 3 } : {}) },
    isFailing
      ? {
          throttle: true,
          error: true,
          http: { response: { status: 429 } },
          cause: { working_directory: '/app', exceptions: [exception] },
        }
      : {},
  );
  const orders = trace.call('orders', start + 0.16, 1.098, {
    method: 'POST',
    path: '/orders',
    status: isFailing ? 500 : 201,
    origin: 'AWS::ECS::Container',
    annotations: { tenant: 'acme', 'cart value': 184.5 },
    cause: isFailing ? exception.id : undefined,
    subsegments: [
      trace.sub('validate', start + 0.166, 0.022),
      trace.sql('inventory', 'SELECT sku, quantity FROM stock WHERE sku = ANY($1) FOR UPDATE', start + 0.19, 0.212),
      table,
      trace.aws('SNS', start + 0.906, 0.12, {
        operation: 'Publish',
        topic_arn: 'arn:aws:sns:us-east-1:123456789012:order-created',
      }),
      trace.sub('compensate', start + 1.03, 0.222, isFailing ? { fault: true } : {}),
    ],
  });
  trace.segment('checkout', start, 1.284, {
    ...entry('POST', '/checkout', isFailing ? 500 : 201, { user: 'user-7731', origin: 'AWS::EKS::Container' }),
    annotations: { tenant: 'acme', cart_value: 184.5, beta: false },
    metadata: {
      default: {
        cart: {
          id: 'c-1042',
          items: [
            { sku: 4_412, quantity: 2 },
            { sku: 4_413, quantity: 1 },
          ],
          currency: 'EUR',
        },
      },
      flags: { newCheckout: true },
    },
    service: { version: '2026.11.3', runtime: 'CPython', runtime_version: '3.11.2' },
    subsegments: [
      trace.sub('verify session', start + 0.004, 0.018),
      trace.sub('redis', start + 0.024, 0.031, { namespace: 'remote' }),
      trace.sub('price items', start + 0.058, 0.096, { subsegments: prices }),
      orders,
      trace.call('payments', start + 1.172, 0.084, {
        method: 'POST',
        path: '/authorize',
        origin: 'AWS::ECS::Container',
      }),
    ],
  });
  return trace;
}

/** A checkout of which the last part is still running. */
export function openCheckout(start: number, random: () => number): ShopTrace {
  const trace = new ShopTrace(start, random);
  trace.segment('checkout', start, undefined, {
    ...entry('POST', '/checkout', 0),
    http: { request: { method: 'POST', url: 'https://shop.example/checkout' } },
    origin: 'AWS::EKS::Container',
    subsegments: [trace.sub('verify session', start + 0.004, 0.018), trace.sub('send receipt', start + 0.4, undefined)],
  });
  return trace;
}

const PATHS = [
  '/api/products?page=1',
  '/api/products?page=2',
  '/api/cart',
  '/api/orders',
  '/health',
  '/api/payments',
  '/api/products/4412-ceramic-pour-over-coffee-set-with-filter-and-kettle',
];

/** One of many ordinary requests. */
export function request(start: number, random: () => number): ShopTrace {
  const trace = new ShopTrace(start, random);
  const path = PATHS[Math.floor(random() * PATHS.length)]!;
  const luck = random();
  const status = luck < 0.02 ? 500 : luck < 0.06 ? 404 : luck < 0.07 ? 429 : 200;
  const seconds = 0.004 + 0.4 * random() ** 4 + (status === 500 ? 0.8 * random() : 0);
  if (luck > 0.95) {
    trace.segment('resize-image', start, 0.2 + seconds, {
      origin: 'AWS::Lambda::Function',
      resource_arn: 'arn:aws:lambda:us-east-1:123456789012:function:resize-image',
      subsegments: [trace.aws('S3', start + 0.05, 0.1, { operation: 'GetObject', bucket_name: 'product-images' })],
    });
    return trace;
  }
  const inner = path === '/health' ? [] : [downstream(trace, path, start, seconds, random)];
  const name = path.includes('payments') ? 'payments' : path.includes('products') ? 'web' : 'checkout';
  trace.segment(name, start, seconds, {
    ...entry(path.includes('payments') ? 'POST' : 'GET', path, status),
    origin: 'AWS::EKS::Container',
    annotations: { tenant: random() < 0.5 ? 'acme' : 'globex' },
    subsegments: inner,
  });
  return trace;
}

function downstream(trace: ShopTrace, path: string, start: number, seconds: number, random: () => number): Json {
  const [from, length] = [start + seconds * 0.1, seconds * (0.4 + 0.4 * random())];
  if (path.includes('products'))
    return trace.call('catalog', from, length, { path: '/items', origin: 'AWS::ECS::Container' });
  if (path.includes('cart')) return trace.sub('redis', from, length, { namespace: 'remote' });
  if (path.includes('payments'))
    return trace.call('ledger', from, length, { path: '/accounts/18', origin: 'AWS::ECS::Container' });
  const query = trace.sql('inventory', 'SELECT * FROM orders WHERE user_id = $1', from + length * 0.2, length * 0.5);
  return trace.call('orders', from, length, { path: '/orders', origin: 'AWS::ECS::Container', subsegments: [query] });
}

/** One trace of `spans` subsegments in segments of 100, three levels deep. */
export function large(start: number, random: () => number, spans: number): ShopTrace {
  const trace = new ShopTrace(start, random);
  const segments = Math.max(1, Math.round(spans / 100));
  const step = 10 / segments;
  const calls: Json[] = [];
  for (let i = 0; i < segments - 1; i++) {
    const at = start + i * step;
    const subs = Array.from({ length: 9 }, (_, j) =>
      trace.sub(`step ${j}`, at + 0.0005 + (j * step) / 11, (step / 11) * 0.9, {
        subsegments: Array.from({ length: 10 }, (_each, k) =>
          trace.sub(
            `item ${(i * 7 + j * 3 + k) % 13}`,
            at + 0.0005 + (j * step) / 11 + (k * step) / 120,
            step / 130,
            random() < 0.005 ? { fault: true } : {},
          ),
        ),
      }),
    );
    calls.push(trace.call(`service-${i % 12}`, at, step * 0.95, { path: `/part/${i}`, subsegments: subs }));
  }
  trace.segment('importer', start, 10, { ...entry('POST', '/import', 200), subsegments: calls });
  return trace;
}

/** One request through four layers of `services` services: a map of many nodes, about half as many calls again. */
export function layered(start: number, random: () => number, services: number): ShopTrace {
  const trace = new ShopTrace(start, random);
  const layers = [0.07, 0.33, 0.6].map((share) => Math.round(share * services));
  const build = (level: number, above: number, from: number, seconds: number): Json => {
    const size = layers[level]!;
    // A service calls a few neighbours, as services do.
    const own = (above * 3 + Math.floor(random() * 4)) % size;
    const subsegments = level === layers.length - 1 ? [] : [build(level + 1, own, from + seconds * 0.1, seconds * 0.7)];
    return trace.call(`service-${level}-${own}`, from, seconds, {
      path: '/',
      status: random() < 0.02 ? 500 : 200,
      subsegments,
    });
  };
  const first = Math.floor(random() * layers[0]!);
  trace.segment('gateway', start, 1, { ...entry('GET', '/', 200), subsegments: [build(0, first, start + 0.01, 0.9)] });
  return trace;
}
