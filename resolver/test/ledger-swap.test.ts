// Swaps where a ledger is followed: the chain says what is served, so a snapshot must be the chain's, is
// brought to the block that is served, and changes no answer; blocks go on.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digitsOf } from '../../ledger/number.ts';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { signersOf, type TransactionBody } from '../../ledger/transaction-body.ts';
import { signTransaction } from '../../ledger/transaction-codec.ts';
import { contentHash } from '../../wasm/content-hash.ts';
import { configure, startOptions } from '../config.ts';
import { heightOfLabel } from '../freshness.ts';
import { createLog } from '../log.ts';
import { FREE_PORTS } from '../probe-ports.ts';
import { silentProgress } from '../progress.ts';
import { loadSnapshot, readManifest, writeSnapshot } from '../snapshot/snapshot-file.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import { type Started, start } from '../start.ts';
import { exampleRoute } from './example-route.ts';

const options = { ported: 3_000, fragmented: 200, profile: 25, seed: 5 } as const;
const population = createPopulation({ data: readNumberingData(), ...options });
const directory = mkdtempSync(join(tmpdir(), 'bchf-ledger-swap-'));
const snapshotsIn = (name: string) => join(directory, 'snapshots', name);
let started: Started;
let snapshots: SnapshotManager;
let sequence = population.transactionCount();
/** A key in a Finnish prefix behind which no ported number is; sequences are added to it. */
const NUMBERS = 1_358_409_000_000;

async function open(): Promise<void> {
  const flags = { ...options, ...FREE_PORTS, data: directory, workers: 1, udpWorkers: 1 };
  const opened = await start({
    configuration: configure(startOptions, {
      flags: { ...flags, snapshotsKept: 2, snapshotEveryBlocks: 3, swapPriority: 'normal' },
      environment: {},
    }),
    log: createLog('silent', 'text'),
    progress: silentProgress,
    signal: new AbortController().signal,
    onFailure: (error) => {
      throw error;
    },
  });
  assert.ok(opened);
  started = opened;
  snapshots = started.service.snapshots!;
}
before(open);
after(async () => {
  await started?.stop();
  rmSync(directory, { recursive: true });
});

let donor: string;
let recipient: string;

/** Ports another number away from its prefix, every second time to a route that is new; its height. */
async function commitBlock(): Promise<number> {
  const key = NUMBERS + sequence;
  if (!donor) {
    donor = (await routingInfo(key)).route.member;
    recipient = population.members.find(({ id }) => id.startsWith('fi-') && id !== donor)!.id;
  }
  const { plmn, id } = population.routes.find(({ member }) => member === recipient)!;
  const isNew = sequence % 2 === 0;
  const route = isNew ? `fi-new-${sequence}` : id;
  const bodies: TransactionBody[] = [
    { kind: 'port', identity: 'msisdn', numbers: [key], donor, recipient, route },
  ];
  if (isNew) {
    const routes = [exampleRoute(route, { member: recipient, plmn })];
    bodies.unshift({ kind: 'declare-routes', member: recipient, routes });
  }
  const block = await started.commit(
    bodies.map((body) => {
      sequence++;
      const keys = signersOf(body).map((signer) => population.keyPairOf(signer).privateKey);
      return signTransaction(body, sequence, started.ledger.chainId, keys);
    }),
  );
  for (const { code } of block.results) assert.equal(code, 'OK');
  const answer = await routingInfo(key);
  assert.deepEqual([answer.route.id, answer.ledger.height], [route, block.height]);
  return block.height;
}

async function routingInfo(key: number) {
  const base = `http://127.0.0.1:${started.service.ports.http}/nbchf-routing/v1/routing-info`;
  const response = await fetch(`${base}/msisdn-${digitsOf(key)}`, {
    headers: { connection: 'close' },
  });
  return (await response.json()) as {
    route: { id: string; member: string };
    ledger: { height: number };
  };
}

test('a snapshot of an older block is brought to the block that is served, and blocks go on', async () => {
  const { name: older } = await snapshots.create();
  for (let count = 0; count < 2; count++) await commitBlock();
  const { indexes } = started.service;
  const before = { hash: contentHash(indexes.msisdn), height: started.ledger.tip.height };
  const { height, serving, diff } = await snapshots.swap({ name: older! });
  assert.deepEqual([height, serving, diff], [before.height, older, null]);
  assert.notEqual(started.service.indexes, indexes);
  assert.deepEqual(contentHash(started.service.indexes.msisdn), before.hash);
  const next = await commitBlock();
  const key = population.portedNumber(1);
  assert.equal((await routingInfo(key)).ledger.height, next);
  // The generation before has missed a block since.
  const back = await snapshots.rollback();
  assert.equal(back.height, next);
  assert.equal(started.service.indexes, indexes);
  assert.equal((await routingInfo(key)).ledger.height, next);
  assert.equal(heightOfLabel(started.service.indexes.imsi.label()), next);
});

test('blocks that come while a snapshot is swapped in are served after it', async () => {
  const { name } = await snapshots.create();
  const swapping = snapshots.swap({ name: name! });
  const heights: number[] = [];
  for (let count = 0; count < 5; count++) heights.push(await commitBlock());
  await swapping;
  heights.push(await commitBlock());
  assert.equal((await routingInfo(population.portedNumber(2))).ledger.height, heights.at(-1));
  assert.equal(heightOfLabel(started.service.indexes.msisdn.label()), heights.at(-1));
});

test('a snapshot of another chain, of a block to come, or without proof is refused', async () => {
  const { name } = await snapshots.create();
  const content = await loadSnapshot(snapshotsIn(name!));
  const state = Buffer.from((await readManifest(snapshotsIn(name!))).state!, 'base64');
  const { block } = content;
  const { height } = block;
  const forgeries = {
    'chain.bchf': [{ chainId: 'another' }, state, 'BCHF_SNAPSHOT_WRONG_CHAIN'],
    'block.bchf': [{ blockHash: new Uint8Array(32) }, state, 'BCHF_SNAPSHOT_WRONG_CHAIN'],
    'state.bchf': [{}, state.map((byte) => byte ^ 1), 'BCHF_SNAPSHOT_UNPROVEN'],
    'bare.bchf': [{}, undefined, 'BCHF_SNAPSHOT_UNPROVEN'],
  } as const;
  for (const [file, [change, itsState, code]] of Object.entries(forgeries)) {
    const forged = { ...content, block: { ...block, ...change }, state: itsState };
    await writeSnapshot(snapshotsIn(file), forged, 1);
    await assert.rejects(snapshots.swap({ name: file, force: true }), { code }, file);
  }
  // What the roots vouch for is not what is in it.
  const [entry] = content.indexes.msisdn.entries();
  content.indexes.msisdn.apply([{ ...entry!, route: null }], content.indexes.msisdn.label());
  await writeSnapshot(snapshotsIn('less.bchf'), { ...content, state }, 1);
  const code = 'BCHF_SNAPSHOT_UNPROVEN';
  await assert.rejects(snapshots.swap({ name: 'less.bchf', force: true }), { code });
  assert.equal(started.service.status().generation, 4);
  assert.equal(height, started.ledger.tip.height);
});

test('snapshots are written by themselves after so many blocks, and as many kept as asked', async () => {
  for (let round = 0; round < 2; round++) {
    const { saved } = snapshots.counts;
    // One that is still being written when the third block comes stands for the next.
    for (let count = 0; snapshots.counts.saved === saved; count++) {
      assert.ok(count < 500, 'no snapshot was written');
      await commitBlock();
    }
  }
  // The last may still be being written.
  await snapshots.create();
  const names = readdirSync(join(directory, 'snapshots')).filter((name) => /^\d/.test(name));
  // Two, and those that are served or kept for a rollback.
  assert.ok(names.length <= 4, names.join());
  const { snapshots: stored } = await snapshots.list();
  assert.ok(stored.every(({ manifest }) => manifest.chunks.length > 0));
});

test('a start takes the newest snapshot that is whole, and comes to the same content', async () => {
  const height = await commitBlock();
  const hash = contentHash(started.service.indexes.msisdn);
  await started.stop();
  const names = readdirSync(join(directory, 'snapshots')).filter((name) => /^\d/.test(name));
  const newest = names.sort().at(-1)!;
  assert.equal((await readManifest(snapshotsIn(newest))).height, height);
  writeFileSync(snapshotsIn(newest), 'damaged');
  await open();
  assert.equal(started.ledger.tip.height, height);
  assert.deepEqual(contentHash(started.service.indexes.msisdn), hash);
  assert.equal(started.service.status().snapshot, newest);
});

test('a start proves a snapshot of others, and writes its own in place of one that is none', async () => {
  const hash = contentHash(started.service.indexes.msisdn);
  const name = started.service.status().snapshot as string;
  await started.stop();
  const listPath = join(directory, 'snapshots', 'proven.json');
  const proven = (): string[] => JSON.parse(readFileSync(listPath, 'utf8'));
  const { manifest, ...content } = await loadSnapshot(snapshotsIn(name));
  const state = Buffer.from(manifest.state!, 'base64');
  const other = await writeSnapshot(snapshotsIn(name), { ...content, state }, 1);
  assert.ok(!proven().includes(other.manifestHash));
  await open();
  assert.ok(proven().includes(other.manifestHash));
  await started.stop();
  // Of the right block, with roots that the chain vouches for, and a number less.
  const [entry] = content.indexes.msisdn.entries();
  content.indexes.msisdn.apply([{ ...entry!, route: null }], content.indexes.msisdn.label());
  const forged = await writeSnapshot(snapshotsIn(name), { ...content, state }, 1);
  await open();
  assert.deepEqual(contentHash(started.service.indexes.msisdn), hash);
  const { manifestHash } = await readManifest(snapshotsIn(name));
  assert.notEqual(manifestHash, forged.manifestHash);
  assert.ok(!proven().includes(forged.manifestHash) && proven().includes(manifestHash));
});
