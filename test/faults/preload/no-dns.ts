import dns from 'node:dns';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

// The name xray.test is found while the folder of the run has no file "no-dns".
const original = dns.lookup;
type Found = (error: NodeJS.ErrnoException | null, address: dns.LookupAddress[] | string, family?: number) => void;
if (isMainThread) {
  dns.lookup = ((name: string, options: dns.LookupOptions, found: Found) => {
    if (name !== 'xray.test') return original(name, options as dns.LookupAllOptions, found as never);
    const isGone = existsSync(join(process.env['FAULTS_FOLDER'] ?? '', 'no-dns'));
    const error = Object.assign(new Error('getaddrinfo ENOTFOUND xray.test'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: name,
    });
    setImmediate(() => {
      if (isGone) found(error, []);
      else if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
      else found(null, '127.0.0.1', 4);
    });
  }) as typeof dns.lookup;
}
