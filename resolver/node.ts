// `bchf node`: a node of a consortium, with its resolver. Opens its ledger, brings the index to its
// height, serves, and follows the chain over the network.
//
//     data/
//       ledger/            blocks and state; validator.json where it proposes
//       snapshots/         <height>.bchf

import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { sortValidators, validatorsHash } from '../ledger/block/hashes.ts';
import { PROPOSALS } from '../ledger/engine/admission.ts';
import { openReplica } from '../ledger/engine/open-replica.ts';
import { namesOf } from '../ledger/gossip/message-codec.ts';
import { openThreadTransport } from '../ledger/gossip/thread-transport.ts';
import type { Transport } from '../ledger/gossip/transport.ts';
import {
  type CommittedBlock,
  type FollowedLedger,
  type Ledger,
  openLedger,
} from '../ledger/ledger.ts';
import { makeDirectory } from '../ledger/make-directory.ts';
import type { Route } from '../ledger/route.ts';
import type { Halt } from '../ledger/sync/chain-sync.ts';
import { systemClock } from '../ledger/sync/clock.ts';
import { MemberNode } from '../ledger/sync/member-node.ts';
import type { Configuration } from './config.ts';
import { NewestBlock } from './freshness.ts';
import { LedgerDesk } from './ledger-desk.ts';
import { openIndexes } from './ledger-indexes.ts';
import type { Log } from './log.ts';
import { listenNodeApi, type NodeApi } from './node-api.ts';
import { type ChainGenesis, type nodeOptions, readGenesis } from './node-config.ts';
import { createNodeRegistry } from './node-metrics.ts';
import { ResolverError } from './resolver-error.ts';
import { type Service, startService } from './service.ts';
import { ledgerSnapshots } from './snapshot/ledger-side.ts';
import { saveSnapshot } from './snapshot/save-snapshot.ts';
import { openStore } from './snapshot/snapshot-store.ts';
import { checkBeforeLoading } from './start-checks.ts';

/** How often the newest height that the network tells of is written where answers find it. */
const NEWEST_INTERVAL_MS = 100;

export interface NodeOptions {
  configuration: Configuration<typeof nodeOptions>;
  log: Log;
  /** Called where the node cannot go on. */
  onFailure: (error: Error) => void;
}

export interface StartedNode {
  service: Service;
  ledger: FollowedLedger;
  node: MemberNode;
  peerId: string;
  /** Multiaddresses on which other nodes reach this one. */
  addresses: string[];
  ledgerPort: number;
  stop(): Promise<void>;
}

/**
 * Starts everything. Errors: BCHF_GENESIS_INVALID, BCHF_DATA_MISMATCH, BCHF_DATA_IO, and those of the
 * ledger, of the index, of the network, of the admin port's protection and of listening.
 */
export async function startNode(options: NodeOptions): Promise<StartedNode> {
  const { configuration, log, onFailure } = options;
  const config = configuration.values;
  await checkBeforeLoading(config, log);
  const genesis = await readGenesis(config.genesis);
  const { ledger, own } = await openNodeLedger(config.data, genesis, config.propose);
  const opened: (() => Promise<unknown>)[] = [() => ledger.close()];
  /** What was opened last is closed first; one that fails to close keeps none of the others open. */
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of opened.splice(0).toReversed()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const snapshots = await openStore(join(config.data, 'snapshots'), log, config);
    const memoryBytesMax = config.indexMemoryMaxMib * 2 ** 20;
    const indexes = await openIndexes(ledger, snapshots, memoryBytesMax, log);
    let served = () => indexes;
    opened.push(() => {
      const saved = { ledger, indexes: served(), snapshots };
      return saveSnapshot(saved, config.snapshotsKept, Date.now(), log);
    });
    const newestBlock = new NewestBlock();
    newestBlock.committed(ledger.tip.height, Date.now());
    const routes = ledger.routes();
    // What has been handed in and waits counts, once there is a node that knows of it.
    let node: MemberNode | undefined;
    const desk = new LedgerDesk(ledger, (member) => {
      const last = node?.exchange.lastSequence(member) ?? ledger.lastSequence(member);
      return last >= 0 || member === PROPOSALS || ledger.isMember(member) ? last : undefined;
    });
    const service = await startService({
      ...{ config, indexes, routes, newestBlock },
      ...{ ledger: desk, terminalKeyOf: ledger.terminalKey.bind(ledger), log, onFailure },
      snapshots: await ledgerSnapshots(ledger, snapshots, indexes, config),
    });
    served = () => service.indexes;
    opened.push(() => service.stop());
    const { blockTopic, transactionTopic } = namesOf(genesis.chainId);
    const network = {
      keyFile: config.nodeKey,
      listen: config.gossipListen,
      bootstrap: config.gossipBootstrap,
      allow: config.gossipAllow,
      topics: [blockTopic, transactionTopic],
    };
    const transport = await openThreadTransport(network, onFailure);
    opened.push(() => transport.close());
    const following = new MemberNode({
      ledger,
      transport,
      clock: systemClock,
      random: Math.random,
      onBlock: (block) => serveBlock(block, ledger, service, newestBlock),
      onHalt: (halt) => tellHalt(halt, newestBlock, log),
      ...(own && { propose: { ledger: own, blockTimeMs: config.blockTimeMs } }),
    });
    node = following;
    following.start();
    let conflicts = 0;
    const watching = setInterval(() => {
      const { newestHeight, counters } = following.sync;
      if (counters.conflicts > conflicts) {
        conflicts = counters.conflicts;
        log.error({ conflicts }, 'validators have signed two blocks of one height');
      }
      if (newestHeight > newestBlock.height!) newestBlock.committed(newestHeight, Date.now());
    }, NEWEST_INTERVAL_MS);
    opened.push(async () => {
      clearInterval(watching);
      following.stop();
    });
    const addresses = transport.addresses();
    const describe = () => describeNode(config, following, transport, addresses, genesis);
    const registry = registryOf(following, transport);
    const api = await listenApi(config, following, desk, service, describe, registry, log);
    opened.push(() => api.close());
    service.watchNetwork(() => {
      const peers = transport.peers().map((peerId) => {
        const height = following.sync.heightOf(peerId) ?? null;
        return { peerId, height, score: transport.score(peerId) };
      });
      return { ...describe(), peers };
    }, registry);
    return {
      service,
      ledger,
      node: following,
      peerId: transport.self,
      addresses,
      ledgerPort: api.port,
      stop: closeAll,
    };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}

/** The ledger of a node; `own` too where it makes the blocks. */
async function openNodeLedger(
  data: string,
  { chainId, authorityPublicKey, validators }: ChainGenesis,
  propose: boolean,
): Promise<{ ledger: FollowedLedger; own: Ledger | undefined }> {
  const directory = join(data, 'ledger');
  try {
    await makeDirectory(directory);
  } catch (cause) {
    throw new ResolverError('BCHF_DATA_IO', `${data}: ${(cause as Error).message}`, { cause });
  }
  const common = { directory, chainId, authorityPublicKey };
  if (!propose) return { ledger: await openReplica({ ...common, validators }), own: undefined };
  const own = await openLedger({ ...common, settings: {}, now: Date.now });
  const expected = validatorsHash(sortValidators(validators));
  if (Buffer.compare(validatorsHash(own.validators), expected) === 0) return { ledger: own, own };
  await own.close();
  throw new ResolverError(
    'BCHF_DATA_MISMATCH',
    `${join(directory, 'validator.json')} does not hold the validators of the genesis`,
  );
}

/** Brings a block into the index: when this returns, every thread answers from it. */
async function serveBlock(
  block: CommittedBlock,
  ledger: FollowedLedger,
  service: Service,
  newestBlock: NewestBlock,
): Promise<void> {
  if (block.height > newestBlock.height!) newestBlock.committed(block.height, Date.now());
  const changed = block.changedRoutes.map((number) => ({
    number,
    route: ledger.routes()[number] as Route,
  }));
  await service.applyBlock(block, block.changes, changed);
}

/** What is served from now on is marked as behind: there is a newer block, which is not served. */
function tellHalt({ height, code, message }: Halt, newestBlock: NewestBlock, log: Log): void {
  log.error({ height, code }, `the chain is not followed any further: ${message}`);
  if (newestBlock.height! <= height) newestBlock.committed(height + 1, Date.now());
}

function registryOf(node: MemberNode, transport: Transport): Registry {
  const { ledger, sync, pool } = node;
  return createNodeRegistry({
    height: () => ledger.tip.height,
    newestHeight: () => sync.newestHeight,
    isHalted: () => node.halted !== undefined,
    peers: () => transport.peers().length,
    pendingTransactions: () => pool.size,
    pendingBytes: () => pool.bytes,
    sync: () => sync.counters,
    transport: () => transport.counters,
  });
}

/** How a node stands to the chain and to its peers. */
function describeNode(
  config: Configuration<typeof nodeOptions>['values'],
  node: MemberNode,
  transport: Transport,
  addresses: string[],
  { chainId }: ChainGenesis,
) {
  const { ledger, sync, pool } = node;
  const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase();
  const state: 'halted' | 'following' | 'catching-up' = node.halted
    ? 'halted'
    : sync.isCurrent
      ? 'following'
      : 'catching-up';
  return {
    chainId,
    height: ledger.tip.height,
    blockHash: hexOf(ledger.tip.blockHash),
    appHash: hexOf(ledger.appHash),
    newestHeight: sync.newestHeight,
    state,
    halted: node.halted ?? null,
    peerId: transport.self,
    addresses,
    peers: transport.peers(),
    pendingTransactions: pool.size,
    proposes: config.propose,
  };
}

function listenApi(
  config: Configuration<typeof nodeOptions>['values'],
  { exchange }: MemberNode,
  desk: LedgerDesk,
  service: Service,
  status: () => unknown,
  registry: Registry,
  log: Log,
): Promise<NodeApi> {
  return listenNodeApi(config.ledgerHost, config.ledgerPort, {
    snapshotPart: async (path) => service.snapshots?.part(path),
    submit: (transaction) => exchange.submit(transaction),
    transaction: (id) => exchange.status(id),
    read: (path, query) => desk.read(path, query),
    status,
    prove: (ueId) => desk.prove(ueId),
    metrics: () => registry.metrics(),
    metricsType: registry.contentType,
    onFault: (err) => log.error({ err }, 'a request to the ledger port could not be answered'),
  });
}
