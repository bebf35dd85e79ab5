// A node that does its worst with every block it hears: forged, tampered and equivocating blocks, to
// everybody and in answer to requests. It holds the key of one validator of four.

import type { KeyObject } from 'node:crypto';
import { decodeBlock, decodeCommit, encodeBlock, encodeCommit } from '../../block/block-codec.ts';
import { precommitSignBytes } from '../../block/commit.ts';
import { addressOf, blockIdOf, dataHash } from '../../block/hashes.ts';
import { BLOCK_ID_FLAG, type Block, type Commit, NO_TIME } from '../../block/types.ts';
import { rawPublicKey, signMessage } from '../../ed25519.ts';
import {
  decodeBlockMessage,
  type EncodedBlock,
  encodeBlockMessage,
  encodeHead,
  namesOf,
} from '../../gossip/message-codec.ts';
import type { Transport } from '../../gossip/transport.ts';

const ABSENT = {
  flag: BLOCK_ID_FLAG.absent,
  validatorAddress: new Uint8Array(0),
  timestamp: NO_TIME,
  signature: new Uint8Array(0),
};

type Forgery = (genuine: EncodedBlock) => EncodedBlock;

/** Ways to make a block that proves nothing out of one that does. */
export function forgeries(key: KeyObject, chainId: string): Record<string, Forgery> {
  const address = Buffer.from(addressOf(rawPublicKey(key)));
  const isOwn = ({ validatorAddress }: { validatorAddress: Uint8Array }): boolean =>
    address.equals(validatorAddress);
  /** Another block, for which only the one validator signs; the places of the others are empty. */
  const equivocating = (block: Block, genuine: Commit): EncodedBlock => {
    const encoded = encodeBlock(block);
    const blockId = blockIdOf(block.header, encoded);
    const { height, round } = genuine;
    const signatures = genuine.signatures.map((signature) => {
      if (!isOwn(signature)) return ABSENT;
      const vote = { height, round, blockId, timestamp: signature.timestamp };
      return { ...signature, signature: signMessage(precommitSignBytes(vote, chainId), key) };
    });
    const commit = encodeCommit({ height, round, blockId, signatures });
    return { block: encoded, commit };
  };
  return {
    'a commit with a signature that is none': ({ block, commit }) => {
      const { signatures, ...rest } = decodeCommit(commit);
      const [first, ...others] = signatures as [Commit['signatures'][0], ...Commit['signatures']];
      const signature = Uint8Array.from(first.signature);
      signature[5]! ^= 1;
      const forged = { ...rest, signatures: [{ ...first, signature }, ...others] };
      return { block, commit: encodeCommit(forged) };
    },
    'a commit of too few': ({ block, commit }) => {
      const { signatures, ...rest } = decodeCommit(commit);
      const few = signatures.map((one, at) => (at < 2 ? one : ABSENT));
      return { block, commit: encodeCommit({ ...rest, signatures: few }) };
    },
    'other transactions under the same header': ({ block, commit }) => {
      const genuine = decodeBlock(block);
      return { block: encodeBlock({ ...genuine, transactions: [Buffer.alloc(9)] }), commit };
    },
    'another block that one validator signs too': ({ block, commit }) => {
      const { header, lastCommit } = decodeBlock(block);
      const transactions = [Buffer.from('equivocation')];
      const other = { ...header, dataHash: dataHash(transactions) };
      return equivocating({ header: other, transactions, lastCommit }, decodeCommit(commit));
    },
    'a block of a height to come': ({ block, commit }) => {
      const { header, transactions, lastCommit } = decodeBlock(block);
      const height = header.height + 1;
      const genuine = { ...decodeCommit(commit), height };
      return equivocating({ header: { ...header, height }, transactions, lastCommit }, genuine);
    },
    'bytes of no block': ({ commit }) => ({ block: Buffer.alloc(500, 7), commit }),
  };
}

/** Lets the forger loose on a network. */
export function runForger(
  transport: Transport,
  key: KeyObject,
  chainId: string,
  random: () => number,
): void {
  const { blockTopic, rangeProtocol, tipProtocol, transactionTopic } = namesOf(chainId);
  const ways = Object.values(forgeries(key, chainId));
  const heard: EncodedBlock[] = [];
  const forge = (): EncodedBlock | undefined => {
    const genuine = heard[Math.floor(random() * heard.length)];
    return genuine && ways[Math.floor(random() * ways.length)]!(genuine);
  };
  transport.subscribe(blockTopic, (bytes) => {
    const message = decodeBlockMessage(bytes);
    if (message?.block) heard.push(message);
    const forged = forge();
    if (forged) void transport.publish(blockTopic, encodeBlockMessage(forged));
    void transport.publish(transactionTopic, Buffer.from(`no transaction ${random()}`));
    // It passes nothing on.
    return 'ignore';
  });
  transport.subscribe(transactionTopic, () => 'ignore');
  transport.serve(rangeProtocol, async function* () {
    const forged = forge();
    if (forged) yield encodeBlockMessage(forged);
  });
  transport.serve(tipProtocol, async function* () {
    const forged = forge();
    if (!forged || random() < 0.5) return;
    try {
      const head = encodeHead(decodeBlock(forged.block).header);
      yield encodeBlockMessage({ head, commit: forged.commit });
    } catch {
      yield Buffer.from('no head');
    }
  });
}
