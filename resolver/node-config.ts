// The options of `bchf node`, and the genesis that all nodes of a chain share.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Validator } from '../ledger/block/types.ts';
import { VALIDATORS_MAX } from '../ledger/engine/validator-file.ts';
import { PEERS_MAX } from '../ledger/gossip/transport.ts';
import { CHAIN_ID_BYTES_MAX } from '../ledger/transaction-codec.ts';
import { servingOptions } from './config.ts';
import { ledgerOptions } from './options/ledger-options.ts';
import { list, option, wholeNumber } from './options/option.ts';
import { ResolverError } from './resolver-error.ts';
import { reasonOf } from './schema-problems.ts';

const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true');

export const nodeOptions = {
  ...servingOptions,
  data: ledgerOptions.data,
  snapshotsKept: ledgerOptions.snapshotsKept,
  snapshotKey: ledgerOptions.snapshotKey,
  snapshotCompression: ledgerOptions.snapshotCompression,
  snapshotEveryBlocks: ledgerOptions.snapshotEveryBlocks,
  snapshotEveryMinutes: ledgerOptions.snapshotEveryMinutes,
  genesis: option(z.string().min(1), './genesis.json', 'FILE', 'genesis of the chain'),
  nodeKey: option(
    z.string().min(1),
    './node-key.json',
    'FILE',
    'key of this node in the network; made where it is missing',
  ),
  gossipListen: option(
    list(8),
    ['/ip4/127.0.0.1/tcp/9000'],
    'LIST',
    'multiaddresses to listen on for other nodes',
  ),
  gossipBootstrap: option(
    list(PEERS_MAX),
    [] as string[],
    'LIST',
    'multiaddresses with peer ids of nodes to stay connected to (default: none)',
  ),
  gossipAllow: option(
    list(1_024),
    [] as string[],
    'LIST',
    "peer ids of the consortium's nodes; nobody else is let in (default: none)",
  ),
  ledgerHost: option(
    z.string().min(1).max(255),
    '127.0.0.1',
    'ADDRESS',
    'address of the ledger port',
  ),
  ledgerPort: option(
    wholeNumber(0, 65_535),
    8082,
    'PORT',
    'ledger port: transactions, state of the node, its metrics',
  ),
  propose: option(
    flag,
    false,
    'BOOLEAN',
    "make the chain's blocks, with validator.json in the data directory's ledger; one node may",
  ),
  blockTimeMs: option(
    wholeNumber(0, 3_600_000),
    1_000,
    'MS',
    'shortest time from one block to the next, where this node makes them',
  ),
};

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

const genesisSchema = z.strictObject({
  chainId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
    .max(CHAIN_ID_BYTES_MAX),
  authorityPublicKey: hex(32),
  validators: z
    .array(
      z.strictObject({
        publicKey: hex(32),
        power: z
          .int()
          .min(1)
          .max(2 ** 40),
      }),
    )
    .min(1)
    .max(VALIDATORS_MAX),
});

/** `genesis.json`: {"chainId", "authorityPublicKey", "validators": [{"publicKey", "power"}]}. */
export type GenesisFile = z.infer<typeof genesisSchema>;

export interface ChainGenesis {
  chainId: string;
  /** 32 bytes of ed25519. */
  authorityPublicKey: Uint8Array;
  validators: Validator[];
}

/** Error: BCHF_GENESIS_INVALID. */
export async function readGenesis(path: string): Promise<ChainGenesis> {
  try {
    const genesis = genesisSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return {
      chainId: genesis.chainId,
      authorityPublicKey: Buffer.from(genesis.authorityPublicKey, 'hex'),
      validators: genesis.validators.map(({ publicKey, power }) => ({
        publicKey: Buffer.from(publicKey, 'hex'),
        power,
      })),
    };
  } catch (cause) {
    throw new ResolverError('BCHF_GENESIS_INVALID', `${path}: ${reasonOf(cause)}`, { cause });
  }
}
