// The bench of the ledger's replay: it reaches the state that its chain was made with, or fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { replayBlocks, replayStart } from '../../ledger/sync/replay.ts';
import { createReplayChain } from '../bench/bench-replay-chain.ts';

const benchFile = fileURLToPath(new URL('../bench/ledger-replay.js', import.meta.url));

test('ends in one JSON object with its figures', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [benchFile, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { bench, figures } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  assert.equal(bench, 'ledger-replay');
  for (const name of [
    'transactionsPerSecond',
    'auditTransactionsPerSecond',
    'storedTransactionsPerSecond',
  ]) {
    assert.ok(figures[name].median > 0, name);
  }
  assert.match(stdout, /Bars not judged: a quick run/);
});

test('its chain is the same for a seed, another for another, and replays to the state it names', async () => {
  const size = { ported: 1_000, blocks: 2, transactionsPerBlock: 30 };
  const chain = createReplayChain(size, 1);
  assert.deepEqual(createReplayChain(size, 1), chain);
  assert.notDeepEqual(createReplayChain(size, 2).appHash, chain.appHash);
  const kinds = new Set<string>();
  let appHash: Uint8Array | undefined;
  const blocks = [...chain.setup, ...chain.blocks];
  for await (const block of replayBlocks(chain.trust, replayStart(chain.trust), blocks)) {
    appHash = block.appHash;
    assert.ok(block.codes.every((code) => code === 'OK'));
    for (const { entry } of block.changes) kinds.add(entry);
  }
  assert.deepEqual(appHash, chain.appHash);
  assert.deepEqual([...kinds].sort(), ['fragmented', 'ported', 'prefix']);
});
