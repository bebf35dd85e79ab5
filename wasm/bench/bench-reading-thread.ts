// A thread that looks numbers up at full speed in an index that another thread may be changing, and
// counts how many it has looked up; see bench-reading.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../wasm-reader.ts';
import { BATCH, lookUp } from './bench-lookups.ts';
import { CONTROL_BATCHES, CONTROL_ENDED, CONTROL_STOP, type ReadingTask } from './bench-reading.ts';

const { memory, keys, control } = workerData as ReadingTask;
const reader = openReader(memory);
const batchCount = keys.length / BATCH;
parentPort!.postMessage('reading');
try {
  for (let batch = 0; Atomics.load(control, CONTROL_STOP) === 0; batch++) {
    lookUp(reader, keys, batch % batchCount);
    Atomics.add(control, CONTROL_BATCHES, 1);
  }
  reader.close();
} finally {
  Atomics.store(control, CONTROL_ENDED, 1);
}
