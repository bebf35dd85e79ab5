// A reading thread of sharded-churn.ts: asks about numbers of all shards again and again.

import { parentPort, workerData } from 'node:worker_threads';
import { NOT_FOUND, routeOfAnswer } from '../number-index.ts';
import { openShardedReader, type ShardedHandle } from '../sharded-reader.ts';

export interface ShardedReaderTask {
  handle: ShardedHandle;
  keys: readonly number[];
  /** How many batches to look up at least. */
  batchesMin: number;
  /** How many routes to see at least: it goes on until the writer has written so often. */
  routesMin: number;
}

export interface ShardedReaderReport {
  /** The routes of the first batches whose numbers did not all have the same one; -1: not found. */
  torn: number[][];
  /** Route and label of the first single lookups between two equal labels that did not fit them. */
  unlabelled: [route: number | undefined, label: number][];
}

const FAULTS_MAX = 3;

const { handle, keys, batchesMin, routesMin } = workerData as ShardedReaderTask;
const reader = openShardedReader(handle);
const batch = Float64Array.from(keys);
const answers = new Uint32Array(batch.length);
const report: ShardedReaderReport = { torn: [], unlabelled: [] };
const seen = new Set<number>();

function labelledRoute(): number {
  const [low = 0, high = 0] = reader.label();
  return low + high * 256;
}

for (let count = 0; count < batchesMin || seen.size < routesMin; count++) {
  reader.lookup(batch, answers, batch.length);
  const routes = Array.from(answers, (answer) =>
    answer === NOT_FOUND ? -1 : routeOfAnswer(answer),
  );
  if (routes.some((route) => route !== routes[0]) && report.torn.length < FAULTS_MAX) {
    report.torn.push(routes);
  }
  seen.add(routes[0]!);
  const label = labelledRoute();
  const found = reader.find(keys[count % keys.length]!)?.route;
  const isOneVersion = labelledRoute() === label;
  if (isOneVersion && found !== label && report.unlabelled.length < FAULTS_MAX) {
    report.unlabelled.push([found, label]);
  }
}
reader.close();
parentPort!.postMessage(report);
