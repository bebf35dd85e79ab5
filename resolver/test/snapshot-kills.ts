// Real processes that are killed in the middle of writing, swapping and fetching snapshots. The tests kill
// each of them once or twice, snapshot-kill.slow.ts often.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digitsOf } from '../../ledger/number.ts';
import type { Random } from '../../ledger/population/random.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { askAdmin } from '../admin/admin-client.ts';
import { encodeLabel } from '../freshness.ts';
import { loadSnapshot, writeSnapshot } from '../snapshot/snapshot-file.ts';
import { BCHF_COMMAND, type BchfServer, runBchf, startServer } from './bchf-process.ts';
import { exampleRoute } from './example-route.ts';
import { expectedRoute, numbers, writeContent } from './swap-content.ts';

export const FEW_THREADS = ['--workers', '1', '--udp-workers', '1', '--sbi-workers', '0'];
export const SMALL = ['--ported', '2000', '--fragmented', '100', '--seed', '5', ...FEW_THREADS];
/** Far more than anything here takes. */
const EVENT_MS = 120_000;
const HEIGHT_NAME = /^\d{12}\.bchf$/;

export const adminOf = ({ ports }: BchfServer) => ({ url: `http://127.0.0.1:${ports.admin}` });

/** Resolves when a file whose name is of a form comes into being in a folder. */
async function fileAppears(folder: string, form: RegExp): Promise<void> {
  const watcher = watch(folder);
  try {
    const changes = once(watcher, 'change', { signal: AbortSignal.timeout(EVENT_MS) });
    let [, name] = await changes;
    while (!form.test(String(name))) {
      [, name] = await once(watcher, 'change', { signal: AbortSignal.timeout(EVENT_MS) });
    }
  } finally {
    watcher.close();
  }
}

async function expectWhole(folder: string): Promise<string[]> {
  const names = readdirSync(folder).filter((name) => HEIGHT_NAME.test(name));
  for (const name of names) await loadSnapshot(join(folder, name));
  return names.sort();
}

/**
 * Kills `bchf start` while it writes a snapshot of the blocks that come: whatever has a name is whole, and
 * the next start serves from the newest, at no lower height.
 */
export async function killWriters(data: string, kills: number, random: Random): Promise<void> {
  const folder = join(data, 'snapshots');
  const moving = ['--moves-per-second', '40', '--snapshot-every-blocks', '1'];
  let height = 0;
  for (let kill = 0; kill < kills; kill++) {
    const server = await startServer('start', '--data', data, ...SMALL, ...moving);
    assert.ok(server.height >= height, `height ${server.height} after ${height}`);
    ({ height } = server);
    await fileAppears(folder, /\.tmp$/);
    await sleep(random.below(40));
    await server.kill();
    const names = await expectWhole(folder);
    assert.ok(names.length > 0);
  }
  const server = await startServer('start', '--data', data, ...SMALL);
  assert.ok(server.height >= height);
  const { serving } = await askAdmin<{ serving: string }>(
    adminOf(server),
    'GET',
    '/admin/v1/snapshots',
  );
  assert.equal(await server.stop(), 0);
  const names = await expectWhole(folder);
  assert.ok(names.includes(serving), `${serving} of ${names}`);
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')), 'left by a killed writer');
}

/** Kills `bchf serve` in the middle of a swap: both snapshots are as they were, and either is served. */
export async function killSwappers(folder: string, kills: number, random: Random): Promise<void> {
  mkdirSync(folder);
  const pathOf = (content: number) => join(folder, `${content}.bchf`);
  for (const content of [1, 2]) await writeContent(pathOf(content), content);
  const before = [1, 2].map((content) => readFileSync(pathOf(content)));
  for (let kill = 0; kill < kills; kill++) {
    const served = 1 + (kill % 2);
    const server = await startServer('serve', '--snapshot', pathOf(served), ...FEW_THREADS);
    const at = random.below(numbers.length);
    const url =
      `http://127.0.0.1:${server.ports.http}/nbchf-routing/v1/routing-info/` +
      `msisdn-${digitsOf(numbers[at]!)}`;
    const { route } = (await (await fetch(url)).json()) as { route: { id: string } };
    assert.equal(route.id, expectedRoute(served, at));
    // To and fro until it is killed.
    const swapping = (async () => {
      for (let content = served; ; ) {
        content = 3 - content;
        const request = { name: `${content}.bchf`, force: true };
        await askAdmin(adminOf(server), 'POST', '/admin/v1/swap', request);
      }
    })();
    const cut = assert.rejects(swapping);
    await sleep(random.below(400));
    await server.kill();
    await cut;
    assert.deepEqual(readdirSync(folder), ['1.bchf', '2.bchf']);
    const after = [1, 2].map((content) => readFileSync(pathOf(content)));
    assert.deepEqual(after, before);
  }
}

/** A snapshot of several chunks: routes are bytes too. */
export async function writeChunks(path: string): Promise<void> {
  const routes = Array.from({ length: 60_000 }, (_, at) => exampleRoute(`route-${at}`));
  const block = { height: 7, blockHash: new Uint8Array(32), timeMs: 0 };
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  for (const index of Object.values(indexes)) index.apply([], encodeLabel(block));
  await writeSnapshot(path, { indexes, routes, block }, 1);
}

/** Kills `bchf snapshot fetch` on its way: nothing has the name, and the next one goes on to the whole file. */
export async function killFetchers(folder: string, kills: number, random: Random): Promise<void> {
  const [there, here] = ['there', 'here'].map((name) => join(folder, name)) as [string, string];
  for (const made of [there, here]) mkdirSync(made, { recursive: true });
  const source = join(there, 'large.bchf');
  await writeChunks(source);
  const server = await startServer('serve', '--snapshot', source, ...FEW_THREADS);
  try {
    const url = `${adminOf(server).url}/admin/v1/snapshots/${basename(source)}`;
    for (let kill = 0; kill < kills; kill++) {
      const out = join(here, `${kill}.bchf`);
      const fetching = [BCHF_COMMAND, 'snapshot', 'fetch', url, '--out', out];
      const appears = fileAppears(dirname(out), /\.part$/);
      const child = spawn(process.execPath, fetching, { stdio: 'ignore' });
      const exited = once(child, 'exit');
      await appears;
      await sleep(random.below(30));
      child.kill('SIGKILL');
      const [, signal] = await exited;
      // One that was through already is whole, too.
      if (signal === null) assert.ok(existsSync(out));
      else if (existsSync(out)) await loadSnapshot(out);
      const again = await runBchf('snapshot', 'fetch', url, '--out', out);
      assert.equal(again.code, 0, again.stderr);
      assert.deepEqual(readFileSync(out), readFileSync(source));
    }
    assert.ok(readdirSync(here).every((name) => name.endsWith('.bchf')));
  } finally {
    await server.stop();
  }
}
