// The process that sync-crash.slow kills: a follower over libp2p that tells its parent each height
// once the block is on its disk.
//
//     argv: directory, address of the node to follow, seed of the own key in the network

import { openReplica } from '../../engine/open-replica.ts';
import { openLibp2pTransport } from '../../gossip/libp2p-transport.ts';
import { namesOf } from '../../gossip/message-codec.ts';
import { nodeKeyOf } from '../../gossip/node-key.ts';
import { authorityPublicKey, chainId } from '../../test/consortium.ts';
import { ChainSync } from '../chain-sync.ts';
import { systemClock } from '../clock.ts';
import { validators } from './simulated-member.ts';

const [, , directory, address, keySeed] = process.argv as [string, string, string, string, string];
const { blockTopic, transactionTopic } = namesOf(chainId);

const ledger = await openReplica({ directory, chainId, validators, authorityPublicKey });
process.send!(ledger.tip.height);
const transport = await openLibp2pTransport({
  key: await nodeKeyOf(Buffer.from(keySeed, 'hex')),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  bootstrap: [address],
  allow: [address.split('/p2p/')[1]!],
  topics: [blockTopic, transactionTopic],
});
const sync = new ChainSync({
  ledger,
  transport,
  clock: systemClock,
  random: Math.random,
  onBlock: ({ height }) => {
    process.send!(height);
  },
  onHalt: ({ code }) => {
    throw new Error(code);
  },
});
sync.start();
