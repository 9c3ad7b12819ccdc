import dns from 'node:dns';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

// The name xray.test leads to 127.0.0.1, and to 127.0.0.2 once the folder of the run has a file "moved".
const original = dns.lookup;
type Found = (error: null, address: dns.LookupAddress[] | string, family?: number) => void;
if (isMainThread) {
  dns.lookup = ((name: string, options: dns.LookupOptions, found: Found) => {
    if (name !== 'xray.test') return original(name, options as dns.LookupAllOptions, found as never);
    const address = existsSync(join(process.env['FAULTS_FOLDER'] ?? '', 'moved')) ? '127.0.0.2' : '127.0.0.1';
    setImmediate(() => (options.all === true ? found(null, [{ address, family: 4 }]) : found(null, address, 4)));
  }) as typeof dns.lookup;
}
