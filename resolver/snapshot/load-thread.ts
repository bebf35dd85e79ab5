// The thread that loads a snapshot, verifies it, tries it and compares it with what is served, before any
// serving thread knows of it. What goes wrong here, a trap and the end of the thread among it, refuses the
// snapshot and nothing else.
//
// As a rule it runs when no other thread does (idle-thread), so that whoever is served goes first; the main
// thread sees to it that it gets on all the same.
//
// In the end the memories are handed to the main thread, which takes over the writer's role (adoptIndex)
// when this thread has ended.

import { parentPort, workerData } from 'node:worker_threads';
import { IDENTITIES } from '../../ledger/number.ts';
import { IndexError } from '../../wasm/number-index.ts';
import { adoptIndex } from '../../wasm/wasm-index.ts';
import { ResolverError } from '../resolver-error.ts';
import { tryIndexes } from './canary.ts';
import { beginIdle } from './idle-thread.ts';
import type { LoadEvent, LoadSource, LoadStep, LoadTask } from './load-messages.ts';
import { diffSnapshots } from './snapshot-diff.ts';
import {
  type IndexPair,
  loadSnapshot,
  type SnapshotContent,
  type SnapshotManifest,
} from './snapshot-file.ts';
import { verifySnapshot } from './verify-snapshot.ts';

if (!parentPort) throw new Error('load-thread.ts is started as a worker thread');
const port = parentPort;
const task: LoadTask = workerData;
const post = (event: LoadEvent) => port.postMessage(event);
const enter = (step: LoadStep) => post({ type: 'step', step });

interface Side extends Pick<SnapshotContent, 'indexes' | 'routes'> {
  file?: SnapshotContent & { manifest: SnapshotManifest };
}

async function open(
  source: LoadSource,
  check: LoadTask['check'],
  spare?: LoadTask['spare'],
): Promise<Side> {
  if ('path' in source) {
    const { memoryBytesMax } = task;
    const file = await loadSnapshot(source.path, { memoryBytesMax, check, spare });
    return { indexes: file.indexes, routes: file.routes, file };
  }
  const { memories, routes } = source;
  const indexes: IndexPair = {
    imsi: adoptIndex(memories.imsi),
    msisdn: adoptIndex(memories.msisdn),
  };
  const { imsi, msisdn } = indexes;
  post({
    type: 'reading',
    readerNumbers: { imsi: imsi.readerNumber, msisdn: msisdn.readerNumber },
  });
  return { indexes, routes };
}

async function run(): Promise<LoadEvent> {
  const { left: wantedLeft, vouched, canarySeed } = task;
  enter('loading');
  const left = wantedLeft && (await open(wantedLeft, 'full'));
  const right = await open(task.right, task.check, task.spare);
  enter('verifying');
  if (vouched && right.file) verifySnapshot(right.file, vouched);
  const diff = left && diffSnapshots(left, right);
  let tried = 0;
  if (canarySeed !== undefined) {
    enter('canary');
    tried = tryIndexes(right.indexes, right.routes.length, left?.indexes, canarySeed);
  }
  const { imsi, msisdn } = right.indexes;
  for (const side of [left, right]) {
    for (const identity of IDENTITIES) side?.indexes[identity].close();
  }
  return {
    type: 'loaded',
    manifest: right.file?.manifest,
    memories: { imsi: imsi.memory, msisdn: msisdn.memory },
    routes: right.routes,
    diff,
    tried,
  };
}

function refusal(error: unknown): LoadEvent {
  const isCoded = error instanceof ResolverError || error instanceof IndexError;
  const isTrap = error instanceof IndexError && error.code === 'BCHF_INDEX_TRAP';
  const code = isCoded && !isTrap ? error.code : 'BCHF_SNAPSHOT_CANARY_FAILED';
  return { type: 'refused', code, message: error instanceof Error ? error.message : String(error) };
}

const idle = task.priority === 'low' ? beginIdle() : undefined;
if (idle !== undefined) post({ type: 'idle', thread: idle });
post(await run().catch(refusal));
