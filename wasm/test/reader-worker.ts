// A reading thread of wasm-concurrency.test.ts: looks the same numbers up again and again.

import { parentPort, workerData } from 'node:worker_threads';
import { NOT_FOUND, routeOfAnswer } from '../number-index.ts';
import { openReader } from '../wasm-reader.ts';

export interface ReaderTask {
  memory: WebAssembly.Memory;
  keys: readonly number[];
  /** How many batches to look up at least. */
  batchesMin: number;
  /** How many routes to see at least: it goes on until the writer has written so often. */
  routesMin: number;
}

export interface ReaderReport {
  /** The routes of the first batches whose numbers did not all have the same one; -1: not found. */
  torn: number[][];
}

const TORN_MAX = 3;

const { memory, keys, batchesMin, routesMin } = workerData as ReaderTask;
const reader = openReader(memory);
reader.keys.set(keys);
const torn: number[][] = [];
const seen = new Set<number>();
for (let batch = 0; batch < batchesMin || seen.size < routesMin; batch++) {
  reader.lookup(reader.keys, reader.answers, keys.length);
  const answers = [...reader.answers.subarray(0, keys.length)];
  const routes = answers.map((answer) => (answer === NOT_FOUND ? -1 : routeOfAnswer(answer)));
  if (routes.some((route) => route !== routes[0]) && torn.length < TORN_MAX) torn.push(routes);
  seen.add(routes[0]!);
}
reader.close();
const report: ReaderReport = { torn };
parentPort!.postMessage(report);
