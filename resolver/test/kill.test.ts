// Kill -9 at any moment of a first start: what was committed stays, and the next start goes on to
// the very state that an undisturbed start reaches.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLedger } from '../../ledger/ledger.ts';
import { deriveKeyPair } from '../../ledger/population/key-pairs.ts';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { createRandom } from '../../ledger/population/random.ts';
import { AUTHORITY } from '../../ledger/transaction-body.ts';
import { CHAIN_ID } from '../start.ts';
import { FREE_PORTS, runBchf, spawnServer, startServer } from './bchf-process.ts';
import { getAll } from './clients.ts';

const SEED = Number(process.env.BCHF_TEST_SEED ?? 4_211);
const KILLS = 3;
const options = { ported: 4_000, fragmented: 400, profile: 60, seed: SEED } as const;
const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);

const directory = mkdtempSync(join(tmpdir(), 'bchf-kill-'));
after(() => rmSync(directory, { recursive: true }));

async function readLedger(data: string) {
  const ledger = await openLedger({
    directory: join(data, 'ledger'),
    chainId: CHAIN_ID,
    authorityPublicKey: deriveKeyPair(SEED, AUTHORITY).publicKeyBytes,
    settings: options,
    now: Date.now,
  });
  const { tip, appHash } = ledger;
  await ledger.close();
  return { height: tip.height, appHash: Buffer.from(appHash).toString('hex') };
}

test('a start that was killed at random moments reaches the state of one that was not', async () => {
  console.log(`seed ${SEED}`);
  const random = createRandom(SEED);
  const killed = join(directory, 'killed');
  let height = 0;
  for (let count = 0; count < KILLS; count++) {
    const child = spawnServer('start', '--data', killed, ...flags);
    await sleep(500 + random.below(2_500));
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const now = await readLedger(killed);
    assert.ok(now.height >= height, `height ${now.height} after ${height}`);
    height = now.height;
  }
  const server = await startServer('start', '--data', killed, ...flags);
  assert.ok(server.height >= height);
  const population = createPopulation({ data: readNumberingData(), ...options });
  const keys = Array.from({ length: options.ported }, (_, index) => population.portedNumber(index));
  const paths = keys.map((key) => `/nbchf-routing/v1/routing-info/msisdn-${String(key).slice(1)}`);
  const replies = await getAll(server.ports.http, paths);
  for (const [index, key] of keys.entries()) {
    const { route } = JSON.parse(replies[index]!.body);
    assert.equal(route.id, population.expected('msisdn', key)?.route);
  }
  // Killed while it serves, too: nothing is lost.
  await server.kill();
  const again = await startServer('start', '--data', killed);
  assert.equal(again.height, server.height);
  assert.equal(await again.stop(), 0);

  const undisturbed = join(directory, 'undisturbed');
  const other = await startServer('start', '--data', undisturbed, ...flags);
  assert.equal(await other.stop(), 0);
  assert.equal((await readLedger(killed)).appHash, (await readLedger(undisturbed)).appHash);

  const mismatch = await runBchf('start', ...FREE_PORTS, '--data', killed, '--ported', '5');
  assert.equal(mismatch.code, 1);
  assert.match(mismatch.stderr, /^BCHF_DATA_MISMATCH/m);
});

test('a second start on the same data directory is refused while the first one runs', async () => {
  const data = join(directory, 'killed');
  const server = await startServer('start', '--data', data);
  const second = await runBchf('start', ...FREE_PORTS, '--data', data);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^BCHF_STORE_LOCKED/m);
  assert.equal(await server.stop(), 0);
});
