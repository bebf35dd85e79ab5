// A follower that is killed while it catches up, again and again: nothing that it had acknowledged is
// lost, no block is there by half, and it comes to the end.

import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openReplica } from '../../engine/open-replica.ts';
import { openLibp2pTransport } from '../../gossip/libp2p-transport.ts';
import { namesOf } from '../../gossip/message-codec.ts';
import { nodeKeyOf } from '../../gossip/node-key.ts';
import { authorityPublicKey, chainId } from '../../test/consortium.ts';
import { randomFrom, seed } from '../../test/seed.ts';
import { serveBlocks } from '../block-server.ts';
import { validators } from './simulated-member.ts';
import { Validators } from './validators.ts';

const KILLS = 50;
const BLOCKS = 1_500;
const PROCESS = fileURLToPath(new URL('./sync-crash-process.js', import.meta.url));
const random = randomFrom(seed);

/** Lets a follower run until it has told `count` heights, or the last one; gives all it has told. */
async function run(child: ChildProcess, count: number, last: number): Promise<number[]> {
  const heights: number[] = [];
  const exited = once(child, 'exit');
  child.on('message', (height: number) => {
    heights.push(height);
    if (heights.length === count || height === last) child.kill('SIGKILL');
  });
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL', 'it did not end by itself');
  return heights;
}

it(`a follower that is killed ${KILLS} times while it catches up loses nothing`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bchf-sync-crash-'));
  const chain = new Validators();
  for (let height = 1; height <= BLOCKS; height++) chain.make();
  const followerSeed = '22'.repeat(32);
  const { peerId } = await nodeKeyOf(Buffer.from(followerSeed, 'hex'));
  const { blockTopic, transactionTopic } = namesOf(chainId);
  const server = await openLibp2pTransport({
    key: await nodeKeyOf(Buffer.alloc(32, 0x11)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    allow: [peerId],
    topics: [blockTopic, transactionTopic],
  });
  serveBlocks(server, chain.source());
  try {
    let acknowledged = 0;
    for (let round = 0; round < KILLS && acknowledged < BLOCKS; round++) {
      const argv = [directory, server.addresses()[0]!, followerSeed];
      const heights = await run(fork(PROCESS, argv), 2 + Math.floor(random() * 25), BLOCKS);
      assert.ok(heights[0]! >= acknowledged, `${heights[0]} after ${acknowledged}`);
      for (const [at, height] of heights.entries()) {
        if (at > 0) assert.equal(height, heights[at - 1]! + 1);
      }
      acknowledged = heights.at(-1)!;
    }
    const ledger = await openReplica({ directory, chainId, validators, authorityPublicKey });
    try {
      assert.ok(ledger.tip.height >= acknowledged);
      for (let height = 1; height <= ledger.tip.height; height++) {
        const { block } = (await ledger.encodedBlock(height))!;
        assert.deepEqual(Buffer.from(block), Buffer.from(chain.blocks[height - 1]!.block));
      }
    } finally {
      await ledger.close();
    }
  } finally {
    await server.close();
    await rm(directory, { recursive: true });
  }
});
