// A process that commits blocks is killed, again and again: what it had acknowledged is still there.
//
// BCHF_TEST_CRASHES=<number> sets how often; crash.slow sets fifty.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openLedger } from '../ledger.ts';
import { authorityPublicKey, chainId } from './consortium.ts';
import { randomFrom, seed } from './seed.ts';

const CRASHES = Number(process.env.BCHF_TEST_CRASHES ?? 3);

/** Runs the committing process and kills it some blocks later; gives the last acknowledged height. */
function crash(directory: string, blocks: number): Promise<number> {
  const child = fork(fileURLToPath(new URL('./crash-process.js', import.meta.url)), [directory]);
  let height = 0;
  let count = 0;
  return new Promise((resolve, reject) => {
    child.on('message', (acknowledged: number) => {
      height = acknowledged;
      // Killed while the next block is on its way.
      if (++count === blocks) child.kill('SIGKILL');
    });
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(height);
      else reject(new Error(`the process ended by itself with code ${code}`));
    });
  });
}

it('a killed ledger keeps every block that it acknowledged, whole', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bchf-crash-'));
  const random = randomFrom(seed);
  try {
    let before = 0;
    for (let round = 0; round < CRASHES; round++) {
      const acknowledged = await crash(directory, 1 + Math.floor(random() * 12));
      assert.ok(acknowledged > before);
      // Opening checks the state against the app hash.
      const ledger = await openLedger({
        directory,
        chainId,
        authorityPublicKey,
        settings: {},
        now: () => 0,
      });
      const { height } = ledger.tip;
      assert.ok(height >= acknowledged, `height ${height} after ${acknowledged}`);
      const entries = new Map<string, number>();
      let next = 1;
      for await (const block of ledger.changesSince(0)) {
        assert.equal(block.height, next++);
        for (const { entry, from, to, route } of block.changes) {
          const name = `${entry} ${from} ${to}`;
          if (route === null) entries.delete(name);
          else entries.set(name, route);
        }
      }
      assert.equal(next, height + 1);
      for (const { entry, from, to, route } of ledger.entries()) {
        assert.equal(entries.get(`${entry} ${from} ${to}`), route);
        entries.delete(`${entry} ${from} ${to}`);
      }
      assert.equal(entries.size, 0);
      await ledger.close();
      before = height;
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
