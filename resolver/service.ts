// A serving process: indexes and routes in, sockets out. `bchf start` feeds it from a ledger,
// `bchf serve` from a snapshot file; both get the same service.

import type { EntryChange } from '../ledger/entry.ts';
import { digitsOf, IDENTITIES, type Identity } from '../ledger/number.ts';
import type { Route } from '../ledger/route.ts';
import { encodeChanges } from '../ledger/store/change-codec.ts';
import { AccessHost } from './access/access-host.ts';
import type { TerminalKeyOf } from './access/credential-verifier.ts';
import { readAdminAccess } from './admin/admin-access.ts';
import { type AdminServer, listenAdmin } from './admin/admin-server.ts';
import { type OperatorConsole, openConsole } from './admin/console-services.ts';
import { flagName, type ServingConfig } from './config.ts';
import { COUNTER_TABLE, HISTOGRAM_TABLE } from './counter-table.ts';
import { EnumConfiguration } from './enum/enum-configuration.ts';
import { type BlockLabel, decodeLabel, encodeLabel, type NewestBlock } from './freshness.ts';
import { loadUWebSockets } from './http/http-server.ts';
import type { LedgerDesk } from './ledger-desk.ts';
import type { Log } from './log.ts';
import { histogramText } from './metrics/histograms.ts';
import { createRegistry } from './metrics/registry.ts';
import { SharedCounters } from './metrics/shared-counters.ts';
import { freeTcpPort, probePorts } from './probe-ports.ts';
import { ResolverError } from './resolver-error.ts';
import { type RouteChanges, RouteTable } from './route-table.ts';
import { type NrfHost, startNrfHost } from './sbi/nrf/nrf-host.ts';
import { loadSbi } from './sbi/sbi-settings.ts';
import { canShareTcpPort } from './sbi/shared-tcp-port.ts';
import type { IndexPair } from './snapshot/snapshot-file.ts';
import { SnapshotManager } from './snapshot/snapshot-manager.ts';
import type { SnapshotSource } from './snapshot/swap-types.ts';
import { carrierOf } from './udp/carriers.ts';
import { DGRAM_REUSE_PORT_SUPPORTED } from './udp/dgram-transport.ts';
import { UdpPlan } from './udp/udp-plan.ts';
import type { GenerationStart, ListeningPorts } from './worker-messages.ts';
import { WorkerPool } from './worker-pool.ts';

export interface ServiceOptions {
  config: ServingConfig;
  indexes: IndexPair;
  routes: readonly Route[];
  newestBlock: NewestBlock;
  /** What threads ask the ledger by, where one is followed. */
  ledger?: LedgerDesk;
  /** The keys of terminals, where a ledger is followed. */
  terminalKeyOf?: TerminalKeyOf;
  /** The snapshots that an operator may swap in; without them, the admin port has none. */
  snapshots?: SnapshotSource;
  log: Log;
  /** Called where the service cannot go on. */
  onFailure: (error: ResolverError) => void;
  now?: () => number;
}

export interface Service {
  /** What is served now: a swap replaces both. */
  readonly indexes: IndexPair;
  /** What listens where. */
  ports: ListeningPorts & { admin: number };
  /** Whether HTTP runs on the native build of uWebSockets.js. */
  httpNative: boolean;
  /** An MSISDN that is found, a ported one where there is one: something to try. */
  exampleNumber: string;
  /** Suffix of the first ENUM zone. */
  enumSuffix: string;
  /**
   * Serves another block: its routes to every thread first, then all its entries at once. Blocks
   * become visible in the order of the calls.
   */
  applyBlock(
    block: BlockLabel,
    changes: readonly EntryChange[],
    routes: RouteChanges['routes'],
  ): Promise<void>;
  /**
   * Serves other indexes with their routes, in every thread, and resolves when no thread answers from
   * those before; `released` then resolves when nothing reads them any more. Swaps and blocks become
   * visible in the order of the calls.
   *
   * @param bringUp called when every block that was applied before the call is served, and before any
   *   later one is: what it throws ends the swap, and what was served goes on
   */
  swapTo(next: NextGeneration, bringUp?: () => Promise<void>): Promise<{ released: Promise<void> }>;
  /** Snapshots and swaps, where there are any. */
  snapshots: SnapshotManager | undefined;
  /** Shows a node's part in the network in the console, and judges its metrics. */
  watchNetwork: OperatorConsole['watchNetwork'];
  status(): Record<string, unknown>;
  stop(): Promise<void>;
}

/** What is to be served next. */
export interface NextGeneration {
  indexes: IndexPair;
  /** Left out where the routes are those of now: those of the same ledger. */
  routes?: readonly Route[];
}

/** Opens every interface. Throws BCHF_LISTEN_FAILED, and then nothing is left open. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, newestBlock, log, onFailure, now = Date.now } = options;
  const startedMs = now();
  let indexes = options.indexes;
  let generation = 1;
  /** Generations that threads may still be reading, by their numbers. */
  const read = new Map([[generation, indexes]]);
  const adminAccess = readAdminAccess(config);
  const table = new RouteTable();
  table.apply({ version: 1, routes: numbered(options.routes) });
  const enumConfiguration = await EnumConfiguration.open(config, log, now);
  await probePorts(config);
  const sbi = await loadSbi(config);
  const httpTls = httpTlsOf(config);
  const access = await AccessHost.open(config, options.terminalKeyOf, log);
  const nrfHost =
    sbi.nrfHost &&
    startNrfHost({ ...sbi.nrfHost, now }, (err) => log.error({ err }, 'minimal NRF failed'));
  // ENUM has one port for both transports, and TCP has the more of them in use.
  const enumPort = config.enumPort || (await freeTcpPort(config.host));
  const udp = await UdpPlan.open({ ...config, enumPort });
  udp.setCarriers(numbered(options.routes));
  warnOfSmallBuffers(udp, log);
  const wanted = {
    // uWebSockets.js does not share a port that the system chose, which other threads could not join.
    http: config.httpPort || (await freeTcpPort(config.host)),
    ...udp.ports,
    sbi: config.sbiPort,
  };
  const httpNative = loadUWebSockets().isNative;
  // Where a port cannot be shared, one thread has it and more would have nothing to do.
  const sbiWorkers = canShareTcpPort() ? config.sbiWorkers : Math.min(config.sbiWorkers, 1);
  const workerCount = config.workers + sbiWorkers + udp.threads;
  const counters = new SharedCounters(COUNTER_TABLE, workerCount);
  const histograms = new SharedCounters(HISTOGRAM_TABLE, workerCount);
  const block = () => decodeLabel(indexes.msisdn.label());
  let pool: WorkerPool | undefined;
  let snapshots: SnapshotManager | undefined;
  const indexBytesMax = config.indexMemoryMaxMib * 2 ** 20;
  const registry = createRegistry(counters, {
    ledgerHeight: () => newestBlock.height ?? block().height,
    indexHeight: () => block().height,
    lagMs: () => newestBlock.lagMs(block().height, now()),
    workers: () => pool?.count ?? 0,
    httpNative: () => (httpNative ? 1 : 0),
    routes: () => table.count,
    nrf: nrfHost && (() => nrfHost.counts()),
    generation: () => generation,
    workerDeaths: () => pool?.deaths ?? 0,
    indexFill: () =>
      Math.max(...IDENTITIES.map((identity) => indexes[identity].memory.buffer.byteLength)) /
      indexBytesMax,
    snapshots: () => snapshots?.counts ?? NO_SNAPSHOTS,
    udpMemory: () => udp.memory(),
    entries: () =>
      IDENTITIES.flatMap((identity) =>
        Object.entries(indexes[identity].counts()).map(([entry, count]) => ({
          identity,
          entry,
          count,
        })),
      ),
    indexBytes: () =>
      IDENTITIES.map((identity) => ({ identity, bytes: indexes[identity].imageBytes() })),
  });
  const generationOf = (): GenerationStart => ({
    number: generation,
    memories: memoriesOf(indexes),
    routes: { version: table.version, routes: numbered(table.all()) },
    carrierTable: udp.carrierTable,
  });
  const metrics = async () => (await registry.metrics()) + histogramText(histograms);
  pool = await WorkerPool.start({
    workerCount: config.workers,
    sbiWorkerCount: sbiWorkers,
    udp,
    ports: wanted,
    // The option of node:net came with the same versions of Node as that of node:dgram.
    sharing: {
      http: httpNative,
      tcp: DGRAM_REUSE_PORT_SUPPORTED,
    },
    startOf: () => ({
      workerCount,
      generation: generationOf(),
      newestBlock: newestBlock.buffer,
      counters: counters.buffer,
      histograms: histograms.buffer,
      host: config.host,
      sbi: sbi.settings,
      enumSettings: enumConfiguration.settings,
      followsLedger: options.ledger !== undefined,
      changeStreamsMax: Math.ceil(config.httpStreamsMax / (httpNative ? config.workers : 1)),
      httpOpenFilesMax: config.httpOpenFilesMax,
      access: access?.start,
      httpTls,
    }),
    metrics,
    access,
    // A thread asks only where its settings name no NRF behind.
    askNrf: (request) => (nrfHost as NrfHost).ask(request),
    askLedger: options.ledger?.ask,
    log,
    now,
    onDeath: (number, readerNumbers) => {
      const pair = read.get(number);
      // Of a generation that is not read any more, its place is not needed.
      if (!pair) return;
      for (const identity of IDENTITIES) pair[identity].evictReader(readerNumbers[identity]);
    },
    onFailure,
  }).catch(async (error) => {
    await access?.close();
    udp.close();
    throw error;
  });
  const serving = pool;
  enumConfiguration.watch((settings) => serving.publishEnumSettings(settings));
  const operatorConsole = openConsole({
    registry,
    counters,
    histograms,
    indexes: () => indexes,
    routes: table,
    newestBlock,
    threads: () => serving.count,
    askLedger: options.ledger?.ask,
    log,
    now,
  });
  access?.watch((request) => serving.publishAccess(request));
  // One after the other: a block without new routes must not overtake the one before it, and after one
  // that could not be applied none may be. Swaps stand in the same line.
  let lastBlock = Promise.resolve();
  const swapTo: Service['swapTo'] = (next, bringUp) => {
    const before = lastBlock;
    const swapped = before.then(async () => {
      await bringUp?.();
      const left = generation;
      const routes = next.routes ?? table.all();
      const replacement = table.replacementOf(routes);
      udp.replaceCarriers(numbered(routes));
      table.replace(replacement);
      indexes = next.indexes;
      generation++;
      read.set(generation, indexes);
      const { applied, released } = serving.publishGeneration(
        { ...generationOf(), routes: replacement },
        left,
      );
      await applied;
      const allReleased = Promise.all([released, operatorConsole.leaveIndexes()]);
      return { released: allReleased.then(() => void read.delete(left)) };
    });
    // One that failed has changed nothing, so blocks go on.
    lastBlock = before.then(() =>
      swapped.then(
        () => undefined,
        () => undefined,
      ),
    );
    return swapped;
  };
  snapshots =
    options.snapshots &&
    new SnapshotManager(options.snapshots, {
      indexes: () => indexes,
      routes: () => table.all(),
      swapTo,
      memoryBytesMax: indexBytesMax,
      log,
      now,
    });
  const status = () => ({
    generation,
    snapshot: snapshots?.serving ?? null,
    uptimeS: Math.floor((now() - startedMs) / 1000),
    block: describeBlock(block()),
    lagMs: newestBlock.lagMs(block().height, now()) ?? null,
    workers: serving.count,
    httpNative,
    udpAdapter: udp.settings.adapter,
    routes: table.count,
    entries: { imsi: indexes.imsi.counts(), msisdn: indexes.msisdn.counts() },
  });
  let admin: AdminServer;
  try {
    admin = await listenAdmin(config.adminHost, config.adminPort, {
      metrics,
      metricsType: registry.contentType,
      status: () => ({ ...status(), ports: serving.ports }),
      isReady: () => serving.count > 0,
      snapshots,
      access: adminAccess,
      onFault: (err, requestId) => log.error({ err, requestId }, 'an admin request failed'),
      ...operatorConsole.services,
      carriers: () =>
        table.all().map((route, number) => ({
          route: route.id,
          member: route.member,
          routeNumber: number,
          carrierId: carrierOf(udp.settings.carriers, number, route),
        })),
    });
  } catch (error) {
    enumConfiguration.close();
    await operatorConsole.close();
    await serving.stop();
    await access?.close();
    nrfHost?.stop();
    udp.close();
    throw error;
  }
  return {
    ports: { ...serving.ports, admin: admin.port },
    httpNative,
    exampleNumber: exampleNumberOf(indexes),
    enumSuffix: enumConfiguration.settings.zones[0]!.suffix,
    status,
    get indexes() {
      return indexes;
    },
    swapTo,
    snapshots,
    watchNetwork: operatorConsole.watchNetwork,
    applyBlock(label, changes, changedRoutes) {
      const applied = lastBlock.then(async () => {
        if (changedRoutes.length > 0) {
          table.apply({ version: table.version + 1, routes: changedRoutes });
          udp.setCarriers(changedRoutes);
          await serving.publishRoutes({ version: table.version, routes: changedRoutes });
        }
        applyToIndexes(indexes, label, changes);
        options.ledger?.blockServed({
          ...{ height: label.height, blockHash: label.blockHash, timeMs: label.timeMs },
          changes: encodeChanges(changes),
          routes: changedRoutes.map(({ number }) => number),
        });
        serving.publishServed(label.height);
      });
      lastBlock = applied;
      applied.then(
        () => snapshots?.blockServed(label.height),
        () => undefined,
      );
      return applied;
    },
    async stop() {
      enumConfiguration.close();
      await operatorConsole.close();
      await admin.close();
      await snapshots?.close();
      await serving.stop();
      await access?.close();
      nrfHost?.stop();
      udp.close();
    },
  };
}

/** Throws BCHF_CONFIG_INVALID where one of the two files is missing. */
function httpTlsOf({ httpTlsCert: certFile, httpTlsKey: keyFile }: ServingConfig) {
  if (certFile !== '' && keyFile !== '') return { certFile, keyFile };
  if (certFile === keyFile) return undefined;
  throw new ResolverError(
    'BCHF_CONFIG_INVALID',
    `TLS takes both ${flagName('httpTlsCert')} and ${flagName('httpTlsKey')}`,
  );
}

const NO_SNAPSHOTS = { swaps: 0, refusals: 0, saved: 0, saveFailures: 0 };

/** Makes one block's changes visible in each index, under the block's label. */
export function applyToIndexes(
  indexes: IndexPair,
  block: BlockLabel,
  changes: readonly EntryChange[],
): void {
  const label = encodeLabel(block);
  const byIdentity: Record<Identity, EntryChange[]> = { imsi: [], msisdn: [] };
  for (const change of changes) byIdentity[change.identity].push(change);
  for (const identity of IDENTITIES) indexes[identity].apply(byIdentity[identity], label);
}

/** A buffer that holds few packets loses some whenever its thread waits for a processor. */
function warnOfSmallBuffers(udp: UdpPlan, log: Log): void {
  const wanted = udp.settings.receiveBufferBytes;
  const least = Math.min(
    ...udp.memory().map((sockets) => sockets.receiveBufferBytes / udp.threads),
  );
  if (least >= wanted) return;
  const message =
    'the system limits the receive buffers of UDP sockets (net.core.rmem_max): bursts lose packets';
  log.warn({ wantedBytes: wanted, bytes: least }, message);
}

function exampleNumberOf(indexes: IndexPair): string {
  let example = '';
  // Entries come by kind, the ported ones last.
  for (const { entry, from } of indexes.msisdn.entries()) {
    if (example === '' || entry === 'ported') example = digitsOf(from);
    if (entry === 'ported') break;
  }
  return example || '358401234567';
}

function memoriesOf(indexes: IndexPair): Record<Identity, WebAssembly.Memory> {
  return { imsi: indexes.imsi.memory, msisdn: indexes.msisdn.memory };
}

function numbered(routes: readonly Route[]): RouteChanges['routes'] {
  return routes.map((route, number) => ({ number, route }));
}

function describeBlock({ height, blockHash, timeMs }: BlockLabel) {
  return {
    height,
    blockHash: Buffer.from(blockHash).toString('hex').toUpperCase(),
    time: new Date(timeMs).toISOString(),
  };
}
