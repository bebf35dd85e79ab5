// The key of a node in the network, on disk. The peer id follows from it.
//
// JSON: {"seed": "<64 hex digits>", "peerId": "<base 58>"}. The seed is an ed25519 private key
// (RFC 8032), so only the owner may read the file; the peer id is there to be copied into the other
// nodes' allow lists.

import './node-polyfill.ts';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { z } from 'zod';
import { SEED_BYTES } from '../ed25519.ts';
import { makeDirectory } from '../make-directory.ts';
import { writeWhole } from '../whole-file.ts';
import { GossipError } from './gossip-error.ts';
import type { PeerId } from './transport.ts';

const fileSchema = z.strictObject({
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  peerId: z.string(),
});

export interface NodeKey {
  privateKey: Ed25519PrivateKey;
  peerId: PeerId;
}

/** The key of 32 bytes of seed. */
export async function nodeKeyOf(seed: Uint8Array): Promise<NodeKey> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed);
  return { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() };
}

/** Reads a node's key; makes one where the file is missing. Error: BCHF_GOSSIP_KEY_INVALID. */
export async function loadNodeKey(file: string): Promise<NodeKey> {
  try {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return create(file);
      throw error;
    });
    const { seed, peerId } = fileSchema.parse(JSON.parse(text));
    const key = await nodeKeyOf(Buffer.from(seed, 'hex'));
    if (key.peerId !== peerId) throw new RangeError('the peer id is not that of the key');
    return key;
  } catch (cause) {
    throw new GossipError('BCHF_GOSSIP_KEY_INVALID', `${file} cannot be used`, { cause });
  }
}

async function create(file: string): Promise<string> {
  const seed = randomBytes(SEED_BYTES);
  const { peerId } = await nodeKeyOf(seed);
  const text = `${JSON.stringify({ seed: seed.toString('hex'), peerId }, null, 2)}\n`;
  await makeDirectory(dirname(file));
  await writeWhole(file, text, 0o600);
  return text;
}
