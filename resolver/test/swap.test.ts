// Swaps one at a time: what is refused and by which code, what goes on meanwhile, and the way back.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digitsOf } from '../../ledger/number.ts';
import { openReader } from '../../wasm/wasm-reader.ts';
import type { Service } from '../service.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import { type SnapshotSource, SwapRefusal } from '../snapshot/swap-types.ts';
import { forge } from './forge-snapshot.ts';
import { expectedRoute, numbers, writeContent } from './swap-content.ts';
import { serveContents } from './swap-load.ts';

const root = mkdtempSync(join(tmpdir(), 'bchf-swaps-'));
after(() => rmSync(root, { recursive: true }));

const FEW = { workers: 1, udpWorkers: 1, sbiWorkers: 0 };

/** A service with contents 1 and 2 of one chain, at heights 1 and 2. */
async function withService(
  more: Partial<SnapshotSource>,
  action: (swaps: SnapshotManager, service: Service, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(root, 'served-'));
  for (const content of [1, 2]) {
    await writeContent(join(directory, `${content}.bchf`), content, { chainId: 'test' });
  }
  const service = await serveContents(directory, more, FEW);
  try {
    await action(service.snapshots!, service, directory);
  } finally {
    await service.stop();
  }
}

async function assertServes(service: Service, content: number): Promise<void> {
  const base = `http://127.0.0.1:${service.ports.http}/nbchf-routing/v1/routing-info`;
  const response = await fetch(`${base}/msisdn-${digitsOf(numbers[4]!)}`, {
    headers: { connection: 'close' },
  });
  const { route } = (await response.json()) as { route: { id: string } };
  assert.equal(route.id, expectedRoute(content, 4));
}

test('what is tampered with, cut short, older, of another chain or version is refused by code', async () => {
  await withService({ changePercentMax: 100 }, async (swaps, service, directory) => {
    const at = (name: string) => join(directory, name);
    copyFileSync(at('2.bchf'), at('tampered.bchf'));
    const bytes = readFileSync(at('tampered.bchf'));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(at('tampered.bchf'), bytes);
    copyFileSync(at('2.bchf'), at('short.bchf'));
    truncateSync(at('short.bchf'), 5000);
    await writeContent(at('older.bchf'), 2, { chainId: 'test', height: 0 });
    await writeContent(at('other.bchf'), 2, { chainId: 'other' });
    await writeContent(at('later.bchf'), 2, { chainId: 'test' });
    forge(at('later.bchf'), { versions: [3, 3] });
    writeFileSync(at('empty.bchf'), '');
    const codes = {
      'tampered.bchf': 'BCHF_SNAPSHOT_INVALID',
      'short.bchf': 'BCHF_SNAPSHOT_INVALID',
      'empty.bchf': 'BCHF_SNAPSHOT_INVALID',
      'older.bchf': 'BCHF_SNAPSHOT_OLDER',
      'other.bchf': 'BCHF_SNAPSHOT_WRONG_CHAIN',
      'later.bchf': 'BCHF_SNAPSHOT_VERSION',
      'missing.bchf': 'BCHF_SNAPSHOT_UNKNOWN',
      '../2.bchf': 'BCHF_SNAPSHOT_UNKNOWN',
      '/etc/passwd': 'BCHF_SNAPSHOT_UNKNOWN',
      '': 'BCHF_SNAPSHOT_UNKNOWN',
    };
    for (const [name, code] of Object.entries(codes)) {
      await assert.rejects(swaps.swap({ name }), { code }, name);
      await assertServes(service, 1);
    }
    assert.equal(swaps.swapUnderWay, null);
    const { snapshots, damaged } = await swaps.list();
    assert.deepEqual(snapshots.map(({ name }) => name).sort(), [
      ...['1.bchf', '2.bchf', 'older.bchf', 'other.bchf', 'tampered.bchf'],
    ]);
    assert.deepEqual(damaged.map(({ name }) => name).sort(), [
      ...['empty.bchf', 'later.bchf', 'short.bchf'],
    ]);
    // What is damaged cannot be forced; what is older, or another's, can.
    await assert.rejects(swaps.swap({ name: 'tampered.bchf', force: true }));
    await swaps.swap({ name: 'older.bchf', force: true });
    await assertServes(service, 2);
    assert.deepEqual(swaps.counts.swaps, 1);
  });
});

test('a swap that changes much is refused with what it would change, and a dry run changes nothing', async () => {
  await withService({}, async (swaps, service) => {
    const refusal = await swaps.swap({ name: '2.bchf' }).catch((error) => error);
    assert.ok(refusal instanceof SwapRefusal);
    assert.equal(refusal.code, 'BCHF_SNAPSHOT_LARGE_CHANGE');
    assert.equal(refusal.diff?.changed.numbers, numbers.length);
    const tried = await swaps.swap({ name: '2.bchf', dryRun: true });
    assert.deepEqual(
      [tried.serving, tried.dryRun, tried.refusedUnlessForced],
      ['1.bchf', true, 'BCHF_SNAPSHOT_LARGE_CHANGE'],
    );
    assert.ok(tried.canaryLookups > 1000);
    await assertServes(service, 1);
    const same = await swaps.swap({ name: '1.bchf' });
    assert.deepEqual([same.diff?.largestShare, same.refusedUnlessForced], [0, null]);
    const { largestShare, byMember } = await swaps.diff('serving', '2.bchf');
    assert.equal(largestShare, 1);
    assert.deepEqual(byMember.map(({ member, movedIn }) => [member, movedIn]).sort(), [
      ['member-1', 0],
      ['member-2', numbers.length],
    ]);
  });
});

test('of two swaps at once the second is told so, and a rollback too', async () => {
  await withService({ changePercentMax: 100 }, async (swaps, service) => {
    const first = swaps.swap({ name: '2.bchf' });
    await assert.rejects(swaps.swap({ name: '1.bchf' }), { code: 'BCHF_SWAP_IN_PROGRESS' });
    await assert.rejects(swaps.rollback(), { code: 'BCHF_SWAP_IN_PROGRESS' });
    await assert.rejects(swaps.diff('serving', '2.bchf'), { code: 'BCHF_SWAP_IN_PROGRESS' });
    assert.equal(swaps.swapUnderWay?.file, '2.bchf');
    await first;
    await assertServes(service, 2);
  });
});

for (const [where, previousKeptS] of [
  ['memory', 60],
  ['its file', 0],
] as const) {
  test(`a rollback leads back and forth, from ${where}`, async () => {
    await withService(
      { changePercentMax: 100, previousKeptS },
      async (swaps, service, directory) => {
        await assert.rejects(swaps.rollback(), { code: 'BCHF_SNAPSHOT_NO_PREVIOUS' });
        assert.equal(swaps.counts.refusals, 0, 'no snapshot was refused, so no alarm is raised');
        await swaps.swap({ name: '2.bchf' });
        for (const content of [1, 2, 1]) {
          const { serving, previous } = await swaps.rollback();
          assert.deepEqual([serving, previous], [`${content}.bchf`, `${3 - content}.bchf`]);
          await assertServes(service, content);
        }
        if (previousKeptS > 0) return;
        // Another file under the name of what was served is not what a rollback is for.
        await writeContent(join(directory, '2.bchf'), 2, { chainId: 'test', height: 9 });
        await assert.rejects(swaps.rollback(), { code: 'BCHF_SNAPSHOT_NO_PREVIOUS' });
        await assertServes(service, 1);
      },
    );
  });
}

test('a canary thread that dies refuses the snapshot, and costs no place among the readers', async () => {
  const script = (text: string) => {
    const path = join(root, `canary-${Math.abs(text.length)}.mjs`);
    writeFileSync(path, `import { workerData, parentPort } from 'node:worker_threads';\n${text}\n`);
    return new URL(`file://${path}`);
  };
  const thread = new URL('../snapshot/load-thread.js', import.meta.url);
  const deaths = {
    exits: script('process.exit(3);'),
    throws: script("throw new Error('unlucky');"),
    // Dies when it holds its places among the readers of what is served.
    dies: script(
      `parentPort.postMessage = ((post) => (event) => {
        post.call(parentPort, event);
        if (event.step === 'verifying') process.exit(1);
      })(parentPort.postMessage);
      await import(${JSON.stringify(thread.href)});`,
    ),
  };
  for (const [name, loadScript] of Object.entries(deaths)) {
    await withService({ loadScript, changePercentMax: 100 }, async (swaps, service) => {
      const { memory } = service.indexes.msisdn;
      const placeBefore = openReader(memory);
      placeBefore.close();
      for (let tries = 0; tries < 2; tries++) {
        const code = 'BCHF_SNAPSHOT_CANARY_FAILED';
        await assert.rejects(swaps.swap({ name: '2.bchf' }), { code }, name);
      }
      const place = openReader(memory);
      place.close();
      assert.equal(place.readerNumber, placeBefore.readerNumber, name);
      await assertServes(service, 1);
      assert.equal(service.status().workers, 2);
    });
  }
});

test('where signers are named, a snapshot of nobody else is taken', async () => {
  const signers = ['ab'.repeat(32)];
  await withService({ signers, changePercentMax: 100 }, async (swaps, service) => {
    const unsigned = swaps.swap({ name: '2.bchf', force: true });
    await assert.rejects(unsigned, { code: 'BCHF_SNAPSHOT_UNSIGNED' });
    await assertServes(service, 1);
  });
});

test('what is served, and what a rollback leads to, is not deleted', async () => {
  await withService({ changePercentMax: 100 }, async (swaps, _service, directory) => {
    for (const content of [3, 4, 5]) {
      await writeContent(join(directory, `${content}.bchf`), content, { chainId: 'test' });
    }
    await swaps.swap({ name: '2.bchf' });
    for (const name of ['1.bchf', '2.bchf']) {
      await assert.rejects(swaps.delete(name), { code: 'BCHF_SNAPSHOT_PINNED' });
    }
    await assert.rejects(swaps.delete('9.bchf'), { code: 'BCHF_SNAPSHOT_UNKNOWN' });
    assert.deepEqual(await swaps.prune(2), ['3.bchf']);
    await swaps.delete('4.bchf');
    const left = (await swaps.list()).snapshots.map(({ name }) => name);
    assert.deepEqual(left, ['5.bchf', '2.bchf', '1.bchf']);
  });
});
