// How a follower meets what a network and its validators can do to it, one thing at a time.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { decodeBlock, decodeCommit, encodeCommit } from '../../block/block-codec.ts';
import { blockIdOf } from '../../block/hashes.ts';
import { privateKeyOf } from '../../ed25519.ts';
import { openReplica } from '../../engine/open-replica.ts';
import {
  type EncodedBlock,
  encodeBlockMessage,
  encodeHead,
  encodeRange,
  namesOf,
} from '../../gossip/message-codec.ts';
import { SimulatedNetwork } from '../../gossip/simulated-network.ts';
import { MESSAGE_BYTES_MAX, type Transport } from '../../gossip/transport.ts';
import type { FollowedLedger } from '../../ledger.ts';
import { authorityPublicKey, chainId } from '../../test/consortium.ts';
import { randomFrom, seed } from '../../test/seed.ts';
import { serveBlocks } from '../block-server.ts';
import { ChainSync, type Halt } from '../chain-sync.ts';
import { proveBlock } from '../verify-block.ts';
import { forgeries } from './forger.ts';
import { validatorSeeds, validators } from './simulated-member.ts';
import { Validators } from './validators.ts';

const CALM = { drop: 0, duplicate: 0, breakOff: 0, delayMsMax: 5 };
const { blockTopic } = namesOf(chainId);

const directory = await mkdtemp(join(tmpdir(), 'bchf-chain-sync-'));
after(() => rm(directory, { recursive: true }));
let directories = 0;

describe('a follower', () => {
  let network: SimulatedNetwork;
  let chain: Validators;
  let peer: Transport;
  let ledger: FollowedLedger;
  let sync: ChainSync;
  let halts: Halt[];
  let heights: number[];

  beforeEach(async () => {
    await ledger?.close();
    network = new SimulatedNetwork(randomFrom(seed), CALM);
    chain = new Validators();
    peer = network.join('peer');
    ledger = await openReplica({
      directory: join(directory, String(directories++)),
      chainId,
      validators,
      authorityPublicKey,
    });
    halts = [];
    heights = [];
    sync = new ChainSync({
      ledger: network.tracked(ledger),
      transport: network.join('follower'),
      clock: network.clock,
      random: randomFrom(seed),
      onBlock: ({ height }) => {
        heights.push(height);
      },
      onHalt: (halt) => {
        halts.push(halt);
      },
    });
    sync.start();
  });
  after(() => ledger.close());

  async function pass(durationMs: number): Promise<void> {
    await network.run(network.clock.nowMs() + durationMs);
  }

  async function publish(block: EncodedBlock): Promise<void> {
    await peer.publish(blockTopic, encodeBlockMessage(block));
    await pass(50);
  }

  it('applies blocks that come in any order, each once', async () => {
    const blocks = Array.from({ length: 5 }, () => chain.make());
    for (const at of [2, 0, 4, 1, 3]) await publish(blocks[at]!);
    assert.deepEqual(heights, [1, 2, 3, 4, 5]);
    assert.ok(sync.isCurrent);
  });

  it('fetches a hundred blocks that it has missed, while new ones come', async () => {
    for (let height = 1; height <= 100; height++) chain.make();
    serveBlocks(peer, chain.source());
    await publish(chain.make());
    await publish(chain.make());
    await network.run(network.clock.nowMs() + 20_000, () => ledger.tip.height === 102);
    assert.equal(ledger.tip.height, 102);
    assert.ok(sync.counters.fetched >= 100);
  });

  it('goes on where it stopped after a break', async () => {
    for (let height = 1; height <= 40; height++) chain.make();
    serveBlocks(peer, chain.source());
    network.faults = { ...CALM, breakOff: 0.3 };
    await network.run(network.clock.nowMs() + 60_000, () => ledger.tip.height === 40);
    assert.equal(ledger.tip.height, 40);
    assert.ok(sync.counters.fetchFailures > 0);
  });

  it('fetches a block that is too large for a message once its header is announced', async () => {
    chain.make();
    const transactions = [0, 1, 2].map((at) => Buffer.alloc(500_000, at));
    const large = chain.make(transactions);
    assert.ok(large.block.length > MESSAGE_BYTES_MAX);
    serveBlocks(peer, chain.source());
    const head = encodeHead(decodeBlock(large.block).header);
    await peer.publish(blockTopic, encodeBlockMessage({ head, commit: large.commit }));
    await network.run(network.clock.nowMs() + 5_000, () => ledger.tip.height === 2);
    assert.equal(ledger.tip.height, 2);
  });

  it('rejects every forgery, and does not pass it on', async () => {
    const third = network.join('third');
    let heard = 0;
    third.subscribe(blockTopic, () => {
      heard++;
      return 'ignore';
    });
    chain.make();
    const genuine = chain.make();
    const follower = network.node('follower')!;
    const ways = forgeries(privateKeyOf(validatorSeeds[3]!), chainId);
    for (const forge of Object.values(ways)) {
      // Straight to the follower, so that only what it passes on reaches the third.
      await follower.hear('peer', blockTopic, encodeBlockMessage(forge(genuine)));
      await pass(50);
    }
    await follower.hear('peer', blockTopic, Buffer.from('noise'));
    await pass(50);
    assert.equal(follower.counters.rejected, Object.keys(ways).length + 1);
    assert.equal(heard, 0);
    assert.equal(ledger.tip.height, 0);
    assert.deepEqual(halts, []);
  });

  it('leaves a peer that answers with forgeries and takes the blocks from another', async () => {
    for (let height = 1; height <= 20; height++) chain.make();
    const liar = network.join('liar');
    const forge = Object.values(forgeries(privateKeyOf(validatorSeeds[3]!), chainId))[0]!;
    const honest = chain.source();
    serveBlocks(liar, {
      ...honest,
      tip: { height: 20 },
      encodedBlock: async (height) => {
        const block = await honest.encodedBlock(height);
        return block && forge(block);
      },
    });
    serveBlocks(peer, honest);
    await network.run(network.clock.nowMs() + 60_000, () => ledger.tip.height === 20);
    assert.equal(ledger.tip.height, 20);
    assert.deepEqual(halts, []);
  });

  it('counts a second proven block of a height and keeps the first', async () => {
    await publish(chain.make());
    const other = new Validators();
    const second = other.make([Buffer.from('another first block')]);
    await publish(second);
    assert.equal(sync.counters.conflicts, 1);
    assert.deepEqual(heights, [1]);
    assert.deepEqual(halts, []);
  });

  it('stops at the last good height where the validators vouch for another state', async () => {
    await publish(chain.make());
    await publish(chain.make());
    await publish(chain.make([], { appHash: Buffer.alloc(32, 1) }));
    assert.deepEqual(
      halts.map(({ height, code }) => [height, code]),
      [[2, 'BCHF_BLOCK_WRONG_APP_HASH']],
    );
    assert.equal(ledger.tip.height, 2);
    assert.equal(sync.newestHeight, 3);
    assert.ok(!sync.isCurrent);
    // It follows no further, and goes on serving what it has.
    await publish(chain.make());
    assert.equal(ledger.tip.height, 2);
    assert.equal(sync.newestHeight, 4);
    const served: Uint8Array[] = [];
    const { tipProtocol } = namesOf(chainId);
    const asking = (async () => {
      for await (const frame of peer.request('follower', tipProtocol, new Uint8Array(0))) {
        served.push(frame);
      }
    })();
    await pass(100);
    await asking;
    assert.equal(served.length, 1);
  });

  it('stops where the validators vouch for other results', async () => {
    await publish(chain.make());
    await publish(chain.make([], { resultsHash: Buffer.alloc(32, 1) }));
    assert.deepEqual(
      halts.map(({ height, code }) => [height, code]),
      [[1, 'BCHF_BLOCK_WRONG_RESULTS']],
    );
  });

  it('stops where the validators fork the chain', async () => {
    await publish(chain.make());
    const other = new Validators();
    other.make([Buffer.from('another first block')]);
    // Of the same state as here, but after another block.
    await publish(
      other.make([], { appHash: chain.parent.appHash, resultsHash: chain.parent.resultsHash }),
    );
    assert.deepEqual(
      halts.map(({ height, code }) => [height, code]),
      [[1, 'BCHF_BLOCK_WRONG_PARENT']],
    );
  });

  it('serves no more blocks at once than the limit, and refuses a request that is none', async () => {
    for (let height = 1; height <= 40; height++) await publish(chain.make());
    const { rangeProtocol } = namesOf(chainId);
    const ask = async (request: Uint8Array): Promise<number> => {
      let frames = 0;
      for await (const _ of peer.request('follower', rangeProtocol, request)) frames++;
      return frames;
    };
    const counting = ask(encodeRange({ from: 5, count: 1_000 }));
    const refused = assert.rejects(ask(Buffer.from('noise')), {
      code: 'BCHF_GOSSIP_REQUEST_FAILED',
    });
    await pass(1_000);
    assert.equal(await counting, 16);
    await refused;
  });
});

it('a commit for other bytes under the same header proves nothing', () => {
  const chain = new Validators();
  const { block, commit } = chain.make();
  const { header } = decodeBlock(block);
  const blockId = blockIdOf(header, Buffer.alloc(3));
  const other = encodeCommit({ ...decodeCommit(commit), blockId });
  const { fault } = proveBlock({ block, commit: other }, { chainId, validators });
  assert.equal(fault, 'BCHF_COMMIT_BAD_SIGNATURE');
});
