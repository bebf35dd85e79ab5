// A consortium to try out: its keys, its genesis, its first transactions and a configuration for each
// member's node, all in one directory.
//
//     devnet/
//       genesis.json  authority.json
//       member-1/  node.json  node-key.json  member.json  data/      this one makes the blocks
//       member-2/  …
//
// Numbers are of country code 999 and mobile country code 999, which nobody has (ITU-T E.164, E.212):
//
//     MSISDN prefix 99901 … 99916    the members'; IMSI prefix 99901 … 99916 too
//     999000000000 … 999000999999    the shared pool, put in by member-1

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateKeyOf, rawPublicKey, SEED_BYTES } from '../ledger/ed25519.ts';
import { loadNodeKey } from '../ledger/gossip/node-key.ts';
import { type NumberKey, parseDigits } from '../ledger/number.ts';
import type { Route } from '../ledger/route.ts';
import { AUTHORITY, type TransactionBody } from '../ledger/transaction-body.ts';
import type { MemberKey } from './node-client.ts';
import { readMemberKey } from './node-client.ts';
import type { GenesisFile } from './node-config.ts';
import { lastingTcpPort } from './probe-ports.ts';

export const DEVNET_CHAIN_ID = 'bchf-devnet';
export const DEVNET_MEMBERS_MAX = 16;
/** Validators that the proposing node plays. */
const VALIDATORS = 4;
const VALIDATOR_POWER = 10;
const HOST = '127.0.0.1';
const COUNTRY = '999';

export interface DevnetMember {
  id: string;
  directory: string;
  /** Its node's configuration file. */
  config: string;
  /** The file with its key on the ledger. */
  key: string;
}

export interface Devnet {
  directory: string;
  members: DevnetMember[];
}

export interface DevnetOptions {
  directory: string;
  members: number;
  blockTimeMs: number;
  /** More options for every node's configuration. */
  nodeOptions?: Record<string, unknown>;
}

/**
 * Makes a devnet's directory, or makes the configurations anew where it is there: ports are those
 * that are free now. Throws a `RangeError` where the directory holds one of another size.
 */
export async function prepareDevnet(options: DevnetOptions): Promise<Devnet> {
  const { directory, members: count } = options;
  if (!Number.isInteger(count) || count < 1 || count > DEVNET_MEMBERS_MAX) {
    throw new RangeError(`a devnet has 1 to ${DEVNET_MEMBERS_MAX} members`);
  }
  const members = Array.from({ length: count }, (_, at): DevnetMember => {
    const id = `member-${at + 1}`;
    const own = join(directory, id);
    return { id, directory: own, config: join(own, 'node.json'), key: join(own, 'member.json') };
  });
  const isThere = existsSync(join(directory, 'genesis.json'));
  const next = join(directory, `member-${count + 1}`);
  if (isThere && (existsSync(next) || !existsSync(members.at(-1)!.directory))) {
    throw new RangeError(`${directory} holds a devnet of another number of members`);
  }
  if (!isThere) await createKeys(directory, members);
  await configureNodes(members, options);
  return { directory, members };
}

/** Keys and genesis; the genesis is written last, so that a directory with one is whole. */
async function createKeys(directory: string, members: readonly DevnetMember[]): Promise<void> {
  for (const { id, directory: own, key } of members) {
    await mkdir(join(own, 'data', 'ledger'), { recursive: true });
    await writeKey(key, { member: id, seed: newSeed() });
  }
  const authority = newSeed();
  await writeKey(join(directory, 'authority.json'), { member: AUTHORITY, seed: authority });
  const seeds = Array.from({ length: VALIDATORS }, newSeed);
  await writeKey(join(members[0]!.directory, 'data', 'ledger', 'validator.json'), {
    validators: seeds.map((seed) => ({ seed, power: VALIDATOR_POWER })),
  });
  const genesis: GenesisFile = {
    chainId: DEVNET_CHAIN_ID,
    authorityPublicKey: publicKeyOf(authority),
    validators: seeds.map((seed) => ({ publicKey: publicKeyOf(seed), power: VALIDATOR_POWER })),
  };
  await writeFile(join(directory, 'genesis.json'), `${JSON.stringify(genesis, null, 2)}\n`);
}

async function configureNodes(
  members: readonly DevnetMember[],
  { directory, blockTimeMs, nodeOptions = {} }: DevnetOptions,
): Promise<void> {
  const nodes: { peerId: string; listen: string }[] = [];
  for (const { directory: own } of members) {
    const { peerId } = await loadNodeKey(join(own, 'node-key.json'));
    nodes.push({ peerId, listen: `/ip4/${HOST}/tcp/${await lastingTcpPort(HOST)}` });
  }
  for (const [at, { directory: own, config }] of members.entries()) {
    const others = nodes.filter((_, other) => other !== at);
    const content = {
      host: HOST,
      httpPort: 0,
      udpPort: 0,
      enumPort: 0,
      pdbPort: 0,
      sbiPort: 0,
      adminPort: 0,
      ledgerPort: 0,
      workers: 1,
      sbiWorkers: 1,
      indexMemoryMaxMib: 256,
      genesis: join(directory, 'genesis.json'),
      data: join(own, 'data'),
      nodeKey: join(own, 'node-key.json'),
      gossipListen: [nodes[at]!.listen],
      gossipBootstrap: others.map(({ peerId, listen }) => `${listen}/p2p/${peerId}`),
      gossipAllow: nodes.map(({ peerId }) => peerId),
      propose: at === 0,
      blockTimeMs,
      ...nodeOptions,
    };
    await writeFile(config, `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** The keys of a devnet's signers: the authority's and every member's. */
export function readDevnetKeys({ directory, members }: Devnet): Promise<MemberKey[]> {
  const files = [join(directory, 'authority.json'), ...members.map(({ key }) => key)];
  return Promise.all(files.map(readMemberKey));
}

/** The first transactions of a devnet: members, their routes and prefixes, the shared pool. */
export function devnetFoundation(devnet: Devnet, keys: readonly MemberKey[]): TransactionBody[] {
  const members = devnet.members.map(({ id }, at) => ({
    id,
    code: String(at + 1).padStart(2, '0'),
  }));
  const assignment = ({ id, code }: (typeof members)[number]) => ({
    route: routeIdOf(id),
    prefixes: [keyOf(`${COUNTRY}${code}`)],
  });
  const [first, ...others] = members.map(assignment) as [ReturnType<typeof assignment>];
  const pool = { route: first.route, prefixes: [keyOf(`${COUNTRY}00`), ...first.prefixes] };
  return [
    {
      kind: 'admit-members',
      members: members.map(({ id, code }) => ({
        id,
        name: `Member ${Number(code)}`,
        publicKey: rawPublicKey(keys.find(({ member }) => member === id)!.privateKey),
        plmns: [{ mcc: COUNTRY, mnc: code }],
      })),
    },
    ...members.map(
      ({ id, code }): TransactionBody => ({
        kind: 'declare-routes',
        member: id,
        routes: [devnetRoute(id, code)],
      }),
    ),
    { kind: 'assign-prefixes', identity: 'msisdn', assignments: [pool, ...others] },
    { kind: 'assign-prefixes', identity: 'imsi', assignments: [first, ...others] },
    {
      kind: 'inject-pool',
      member: 'member-1',
      identity: 'msisdn',
      ranges: [{ from: keyOf(`${COUNTRY}000000000`), to: keyOf(`${COUNTRY}000999999`) }],
    },
  ];
}

function routeIdOf(member: string): string {
  return `${member}-udm`;
}

function devnetRoute(member: string, code: string): Route {
  return {
    id: routeIdOf(member),
    member,
    plmn: { mcc: COUNTRY, mnc: code },
    nfType: 'UDM',
    nfInstanceId: `00000000-0000-4000-8000-0000000000${code}`,
    fqdn: `udm.5gc.mnc0${code}.mcc${COUNTRY}.3gppnetwork.org`,
    // The addresses of documentation (RFC 5737): nobody answers there.
    ipv4Addresses: [`192.0.2.${Number(code)}`],
    port: 8080,
    groupId: `${member}-group`,
  };
}

function keyOf(digits: string): NumberKey {
  return parseDigits(digits) as NumberKey;
}

function newSeed(): string {
  return randomBytes(SEED_BYTES).toString('hex');
}

function publicKeyOf(seed: string): string {
  return Buffer.from(rawPublicKey(privateKeyOf(Buffer.from(seed, 'hex')))).toString('hex');
}

async function writeKey(path: string, content: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}
