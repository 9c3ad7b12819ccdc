import { syncBuiltinESMExports } from 'node:module';
import threads, { isMainThread, type WorkerOptions } from 'node:worker_threads';

// The receive thread asks for no more than a host with net.core.rmem_max = 106,496 would give.
if (isMainThread) {
  threads.Worker = class extends threads.Worker {
    constructor(file: string | URL, options: WorkerOptions) {
      super(file, { ...options, workerData: { ...(options.workerData as object), receiveBufferBytes: 106_496 } });
    }
  };
  syncBuiltinESMExports();
}
