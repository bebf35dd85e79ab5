// A reading thread of the concurrency test: looks the watched numbers up again and again, and holds
// every answer against what the version that the first one names would give.

import { workerData } from 'node:worker_threads';
import { routeOfAnswer } from '../number-index.ts';
import { openReader } from '../wasm-reader.ts';
import { PROGRESS_WORDS, type ReaderTask } from './reader-task.ts';
import {
  EXPLAINED_ENTRIES,
  EXPLAINED_KEY,
  expectedAnswers,
  versionOfLabel,
  WATCHED_KEYS,
} from './watched-numbers.ts';

const { memory, build, batchesPerPlace, progress, readerIndex } = workerData as ReaderTask;
const batchesWord = readerIndex * PROGRESS_WORDS;
const stopAt = progress.length - 1;
let reader = openReader(memory, { build });
let versionBefore = 0;

while (Atomics.load(progress, stopAt) === 0) {
  const version = checkBatch();
  if (version < versionBefore) throw new Error(`version ${version} after ${versionBefore}`);
  const batches = Atomics.add(progress, batchesWord, 1) + 1;
  if (version !== versionBefore) Atomics.add(progress, batchesWord + 1, 1);
  versionBefore = version;
  if (batches % 16 === 0) checkExplanation();
  if (batches % batchesPerPlace === 0) {
    reader.close();
    reader = openReader(memory, { build });
  }
}
reader.close();

/** Looks all watched numbers up; returns the version that answered. */
function checkBatch(): number {
  reader.keys.set(WATCHED_KEYS);
  const labelBefore = versionOfLabel(reader.label());
  reader.lookup(reader.keys, reader.answers, WATCHED_KEYS.length);
  const version = routeOfAnswer(reader.answers[0]!);
  const expected = expectedAnswers(version);
  for (let at = 0; at < expected.length; at++) {
    if (reader.answers[at] === expected[at]) continue;
    throw new Error(
      `key ${WATCHED_KEYS[at]} is answered 0x${reader.answers[at]!.toString(16)} in a batch of ` +
        `version ${version}, where 0x${expected[at]!.toString(16)} is right`,
    );
  }
  const labelAfter = versionOfLabel(reader.label());
  if (labelBefore > version || version > labelAfter) {
    throw new Error(`version ${version} answers between labels ${labelBefore} and ${labelAfter}`);
  }
  return version;
}

/** All entries that cover one number are of one version too, and `find` gives the first of them. */
function checkExplanation(): void {
  const explanation = reader.explain(EXPLAINED_KEY);
  const routes = new Set(explanation.map(({ route }) => route));
  if (explanation.length !== EXPLAINED_ENTRIES || routes.size !== 1) {
    throw new Error(`torn explanation: ${JSON.stringify(explanation)}`);
  }
  const found = reader.find(EXPLAINED_KEY);
  if (found?.entry !== 'ported' || found.route < explanation[0]!.route) {
    throw new Error(`find gives ${JSON.stringify(found)} after ${JSON.stringify(explanation[0])}`);
  }
  if (!reader.hasBelow(18614)) throw new Error('nothing is below a prefix of watched numbers');
}
