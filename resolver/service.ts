// A serving process: indexes and routes in, sockets out. `bchf start` feeds it from a ledger,
// `bchf serve` from a snapshot file; both get the same service.

import type { EntryChange } from '../ledger/entry.ts';
import { digitsOf } from '../ledger/number.ts';
import type { Route } from '../ledger/route.ts';
import { encodeChanges } from '../ledger/store/change-codec.ts';
import { AccessHost } from './access/access-host.ts';
import type { TerminalKeyOf } from './access/credential-verifier.ts';
import { readAdminAccess } from './admin/admin-access.ts';
import { type AdminServer, listenAdmin } from './admin/admin-server.ts';
import { type OperatorConsole, openConsole } from './admin/console-services.ts';
import { flagName, type ServingConfig } from './config.ts';
import { EnumConfiguration } from './enum/enum-configuration.ts';
import type { BlockLabel, NewestBlock } from './freshness.ts';
import { loadUWebSockets } from './http/uwebsockets.ts';
import type { LedgerDesk } from './ledger-desk.ts';
import type { Log } from './log.ts';
import { freeTcpPort, probePorts } from './probe-ports.ts';
import { ResolverError } from './resolver-error.ts';
import type { RouteChanges } from './route-table.ts';
import { type NrfHost, startNrfHost } from './sbi/nrf/nrf-host.ts';
import { loadSbi } from './sbi/sbi-settings.ts';
import { canShareTcpPort } from './sbi/shared-tcp-port.ts';
import { type NextGeneration, ServedContent } from './served-content.ts';
import { createServiceMetrics } from './service-metrics.ts';
import type { IndexPair } from './snapshot/snapshot-file.ts';
import { SnapshotManager } from './snapshot/snapshot-manager.ts';
import type { SnapshotSource } from './snapshot/swap-types.ts';
import { carrierOf } from './udp/carriers.ts';
import { DGRAM_REUSE_PORT_SUPPORTED } from './udp/dgram-transport.ts';
import { UdpPlan } from './udp/udp-plan.ts';
import type { ListeningPorts } from './worker-messages.ts';
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

/** What is open, each with what closes it; closed in the opposite order. */
type Closers = (() => unknown)[];

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Opens every interface. Throws BCHF_LISTEN_FAILED, and then nothing is left open. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const closers: Closers = [];
  try {
    return await open(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function open(options: ServiceOptions, closers: Closers): Promise<Service> {
  const { config, newestBlock, log, onFailure, now = Date.now } = options;
  const startedMs = now();
  const adminAccess = readAdminAccess(config);
  const enumConfiguration = await EnumConfiguration.open(config, log, now);
  closers.push(() => enumConfiguration.close());
  await probePorts(config);
  const sbi = await loadSbi(config);
  const httpTls = httpTlsOf(config);
  const access = await AccessHost.open(config, options.terminalKeyOf, log);
  closers.push(() => access?.close());
  const nrfHost =
    sbi.nrfHost &&
    startNrfHost({ ...sbi.nrfHost, now }, (err) => log.error({ err }, 'minimal NRF failed'));
  closers.push(() => nrfHost?.stop());
  // ENUM has one port for both transports, and TCP has the more of them in use.
  const enumPort = config.enumPort || (await freeTcpPort(config.host));
  const udp = await UdpPlan.open({ ...config, enumPort });
  closers.push(() => udp.close());
  const content = new ServedContent(options.indexes, options.routes, udp);
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
  const indexBytesMax = config.indexMemoryMaxMib * 2 ** 20;
  let pool: WorkerPool | undefined;
  let snapshots: SnapshotManager | undefined;
  let admin: AdminServer | undefined;
  const metrics = createServiceMetrics({
    content,
    newestBlock,
    udp,
    nrfHost,
    threads: () => pool,
    snapshots: () => snapshots,
    admin: () => admin,
    workerCount,
    httpNative,
    indexBytesMax,
    now,
  });
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
      generation: content.start(),
      newestBlock: newestBlock.buffer,
      counters: metrics.counters.buffer,
      histograms: metrics.histograms.buffer,
      host: config.host,
      sbi: sbi.settings,
      enumSettings: enumConfiguration.settings,
      followsLedger: options.ledger !== undefined,
      changeStreamsMax: {
        http: Math.ceil(config.httpStreamsMax / (httpNative ? config.workers : 1)),
        sbi: Math.ceil(config.httpStreamsMax / Math.max(1, sbiWorkers)),
      },
      httpOpenFilesMax: config.httpOpenFilesMax,
      access: access?.start,
      httpTls,
    }),
    metrics: metrics.text,
    access,
    // A thread asks only where its settings name no NRF behind.
    askNrf: (request) => (nrfHost as NrfHost).ask(request),
    askLedger: options.ledger?.ask,
    log,
    now,
    onDeath: (generation, readerNumbers) => content.evict(generation, readerNumbers),
    onFailure,
  });
  const serving = pool;
  closers.push(() => serving.stop());
  enumConfiguration.watch((settings) => serving.publishEnumSettings(settings));
  const operatorConsole = openConsole({
    registry: metrics.registry,
    counters: metrics.counters,
    histograms: metrics.histograms,
    indexes: () => content.indexes,
    routes: content.routes,
    newestBlock,
    threads: () => serving.count,
    askLedger: options.ledger?.ask,
    log,
    now,
  });
  closers.push(() => operatorConsole.close());
  access?.watch((request) => serving.publishAccess(request));
  content.readBy({
    threads: serving,
    leaveIndexes: () => operatorConsole.leaveIndexes(),
    blockServed: ({ height, blockHash, timeMs }, changes, routes) =>
      options.ledger?.blockServed({
        ...{ height, blockHash, timeMs },
        changes: encodeChanges(changes),
        routes: routes.map(({ number }) => number),
      }),
  });
  snapshots =
    options.snapshots &&
    new SnapshotManager(options.snapshots, {
      indexes: () => content.indexes,
      routes: () => content.routes.all(),
      swapTo: (next, bringUp) => content.swapTo(next, bringUp),
      memoryBytesMax: indexBytesMax,
      log,
      now,
    });
  closers.push(() => snapshots?.close());
  const status = () => ({
    generation: content.generation,
    snapshot: snapshots?.serving ?? null,
    uptimeS: Math.floor((now() - startedMs) / 1000),
    block: describeBlock(content.block),
    lagMs: newestBlock.lagMs(content.block.height, now()) ?? null,
    workers: serving.count,
    httpNative,
    udpAdapter: udp.settings.adapter,
    routes: content.routes.count,
    entries: {
      imsi: content.indexes.imsi.counts(),
      msisdn: content.indexes.msisdn.counts(),
    },
  });
  const adminServer = await listenAdmin(config.adminHost, config.adminPort, {
    metrics: metrics.text,
    metricsType: metrics.registry.contentType,
    status: () => ({ ...status(), ports: serving.ports }),
    isReady: () => serving.count > 0,
    snapshots,
    access: adminAccess,
    onFault: (err, requestId) => log.error({ err, requestId }, 'an admin request failed'),
    onGuessing: (address, wrong) => log.warn({ address, wrong }, 'admin token is being guessed'),
    ...operatorConsole.services,
    carriers: () =>
      content.routes.all().map((route, number) => ({
        route: route.id,
        member: route.member,
        routeNumber: number,
        carrierId: carrierOf(udp.settings.carriers, number, route),
      })),
  });
  admin = adminServer;
  closers.push(() => adminServer.close());
  return {
    ports: { ...serving.ports, admin: adminServer.port },
    httpNative,
    exampleNumber: exampleNumberOf(content.indexes),
    enumSuffix: enumConfiguration.settings.zones[0]!.suffix,
    status,
    get indexes() {
      return content.indexes;
    },
    swapTo: (next, bringUp) => content.swapTo(next, bringUp),
    snapshots,
    watchNetwork: operatorConsole.watchNetwork,
    applyBlock(block, changes, routes) {
      const applied = content.applyBlock(block, changes, routes);
      applied.then(
        () => snapshots?.blockServed(block.height),
        () => undefined,
      );
      return applied;
    },
    stop: () => closeAll(closers),
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

function describeBlock({ height, blockHash, timeMs }: BlockLabel) {
  return {
    height,
    blockHash: Buffer.from(blockHash).toString('hex').toUpperCase(),
    time: new Date(timeMs).toISOString(),
  };
}
