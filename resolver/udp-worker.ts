// A serving thread of UDP: the batch protocol, ENUM and pdb. What it has in common with the other
// threads is in serving-thread.ts.
//
// With system calls of its own (mmsg) it serves all sockets in one loop and answers whole batches
// in Wasm. With `dgram` it answers datagram by datagram in TypeScript, by the same rules.

import { parentPort, workerData } from 'node:worker_threads';
import type { Identity } from '../ledger/number.ts';
import { routeOfAnswer } from '../wasm/number-index.ts';
import { WORD_CARRIER_TABLE } from '../wasm/packet-layout.ts';
import { blockOf, carriersOf } from '../wasm/packet-module.ts';
import { droppedCounter, latencyName, sizeName } from './counter-table.ts';
import { EnumBlock, WASM_COUNTERS } from './enum/enum-block.ts';
import { createEnumCounters } from './enum/enum-counters.ts';
import { EnumEndpoint } from './enum/enum-endpoint.ts';
import { enumLookupOf } from './enum/enum-lookup.ts';
import { ServingThread } from './serving-thread.ts';
import { BatchAuthenticator } from './udp/batch-authentication.ts';
import type { BatchFreshness } from './udp/batch-codec.ts';
import { DROP_REASONS } from './udp/batch-codec.ts';
import { createBatchHandler } from './udp/batch-handler.ts';
import { createDgramTransport, DGRAM_REUSE_PORT_SUPPORTED } from './udp/dgram-transport.ts';
import { createMmsgTransport } from './udp/mmsg-transport.ts';
import { PacketBlock } from './udp/packet-block.ts';
import { batchProtocol, enumProtocol, PacketServer, PDB_PROTOCOL } from './udp/packet-server.ts';
import { answerPdb, createPdbCounters, PDB_COUNTERS } from './udp/pdb-codec.ts';
import { ServingLoop } from './udp/serving-loop.ts';
import { loadSystemCalls, type SystemCalls } from './udp/system-calls.ts';
import type { UdpProtocol, UdpStart } from './udp/udp-plan.ts';
import type { UdpHandler, UdpTransport } from './udp/udp-transport.ts';
import type { ListeningPorts } from './worker-messages.ts';

if (!parentPort) throw new Error('udp-worker.ts is started as a worker thread');
const thread = new ServingThread(parentPort, workerData);
const { start, readers, routes, newest, resolver, counts, histograms, closers } = thread;
const udp = start.udp as UdpStart;
const { settings } = udp;

const sources = {
  readerOf: (identity: Identity) => readers[identity],
  freshness: (identity: Identity): BatchFreshness => {
    const height = resolver.height(identity);
    const lagMs = newest.lagMs(height, Date.now());
    return { height, lagMs, routeTableVersion: routes.version };
  },
};

const isSealable = settings.authentication.mode !== 'off';
const batchHandler = createBatchHandler({
  ...sources,
  authenticator: isSealable ? new BatchAuthenticator(settings.authentication, Date.now) : undefined,
  routeJson: (number) => {
    const json = routes.json(number);
    return json === undefined ? undefined : Buffer.from(json);
  },
});

function batchCounts(): Record<string, number> {
  const { dropped, ...rest } = batchHandler.counters();
  const named = DROP_REASONS.map((reason) => [droppedCounter(reason), dropped[reason]]);
  return { ...rest, ...Object.fromEntries(named) };
}

const enumCounters = createEnumCounters();
counts.enum = () => enumCounters;
let enumEndpoint: EnumEndpoint | undefined;

function openEnum(block?: EnumBlock): EnumEndpoint {
  enumEndpoint = new EnumEndpoint({
    settings: start.enumSettings,
    lookup: enumLookupOf(resolver),
    counters: enumCounters,
    nowMs: Date.now,
    block,
  });
  return enumEndpoint;
}

async function open(transport: UdpTransport, protocol: UdpProtocol): Promise<number> {
  counts[`${protocol}Udp`] = () => ({ ...transport.counters() });
  const { port } = await transport.open();
  closers.push(() => transport.close());
  return port;
}

/** The carrier ids of the routes of the generation that is served, and where Wasm finds them. */
let carriers = carriersOf(udp.packetMemory, 0);

function useCarriers(table: number): void {
  carriers = carriersOf(udp.packetMemory, table);
  const words = new DataView(udp.packetMemory.buffer, blockOf(udp.thread));
  words.setUint32(WORD_CARRIER_TABLE, table, true);
}

useCarriers(start.generation.carrierTable);

/** The carrier id of a number, for a thread without Wasm. */
function carrierOfKey(): (key: number) => number {
  const keys = new Float64Array(1);
  const answers = new Uint32Array(1);
  return (key) => {
    keys[0] = key;
    readers.msisdn.lookup(keys, answers, 1);
    const answer = answers[0]!;
    return answer === 0 ? 0 : Atomics.load(carriers, routeOfAnswer(answer));
  };
}

async function openDgram(protocol: UdpProtocol): Promise<number> {
  const { receiveBufferBytes, sendBufferBytes } = settings;
  const transport = createDgramTransport({
    host: start.host,
    port: start.ports[protocol],
    reusePort: DGRAM_REUSE_PORT_SUPPORTED,
    receiveBufferBytes,
    sendBufferBytes,
  });
  transport.handle(dgramHandler(protocol));
  return open(transport, protocol);
}

function dgramHandler(protocol: UdpProtocol): UdpHandler {
  if (protocol === 'enum') return openEnum().handler('udp');
  if (protocol === 'batch') {
    counts.batch = batchCounts;
    return batchHandler.handle;
  }
  const counters = createPdbCounters();
  const carrierOf = carrierOfKey();
  counts.pdb = () => counters;
  return (message, response) => answerPdb(message, response, carrierOf, counters);
}

/** Answers in Wasm, and notes what was counted there. */
function packetServer(block: PacketBlock, protocol: UdpProtocol): PacketServer {
  const server = makeServer(block, protocol);
  const named = (words: number[], name: (rank: number) => string) =>
    Object.fromEntries(words.map((count, rank) => [name(rank), count]));
  histograms[`${protocol}Latency`] = () => {
    const { latency } = server.histograms();
    return { ...named(latency.counts, latencyName), sum: latency.sum };
  };
  histograms[`${protocol}BatchSize`] = () => {
    const { batchSizes } = server.histograms();
    return { ...named(batchSizes.counts, sizeName), sum: batchSizes.sum };
  };
  return server;
}

function makeServer(block: PacketBlock, protocol: UdpProtocol): PacketServer {
  const { isStamped, authentication } = settings;
  if (protocol === 'enum') {
    const endpoint = openEnum(new EnumBlock(udp.packetMemory, udp.thread, block.exports));
    const server = new PacketServer(block, enumProtocol(endpoint), isStamped);
    server.handle(endpoint.handler('udp'));
    counts.enum = () => countsOfEnum(server);
    return server;
  }
  if (protocol === 'pdb') {
    const server = new PacketServer(block, PDB_PROTOCOL, isStamped);
    counts.pdb = () => ({ ...countsOfPdb(server), ...server.limited() });
    return server;
  }
  const server = new PacketServer(
    block,
    batchProtocol(authentication.mode !== 'required'),
    isStamped,
  );
  server.handle(batchHandler.handle);
  counts.batch = () => ({ ...countsOfBatch(server), ...server.limited() });
  return server;
}

function countsOfEnum(server: PacketServer): Record<string, number> {
  const total: Record<string, number> = { ...enumCounters };
  for (const [name, place] of Object.entries(WASM_COUNTERS)) total[name]! += server.own(place);
  return total;
}

/** What Wasm counted, and what the handler did of what Wasm left to it. */
function countsOfBatch(server: PacketServer): Record<string, number> {
  const total = batchCounts();
  const inWasm = ['lookupRequests', 'lookedUpNumbers', 'malformedNumbers'].concat(
    DROP_REASONS.map(droppedCounter),
  );
  for (const [at, name] of inWasm.entries()) total[name] = (total[name] ?? 0) + server.own(at);
  return total;
}

function countsOfPdb(server: PacketServer): Record<string, number> {
  return Object.fromEntries(PDB_COUNTERS.map((name, at) => [name, server.own(at)]));
}

async function openMmsg(calls: SystemCalls): Promise<void> {
  bindToCpu(calls);
  const { packetMemory, sockets, wakeFd } = udp;
  const { batchPackets } = settings;
  const loop = new ServingLoop(calls, { wakeFd });
  const block = new PacketBlock(calls, packetMemory, udp.thread, sources, batchPackets);
  for (const protocol of udp.protocols) {
    const server = packetServer(block, protocol);
    const { host, ports } = start;
    const socket = sockets[protocol];
    const transport = createMmsgTransport({ host, port: ports[protocol], loop, server, socket });
    await open(transport, protocol);
  }
}

/** Where the system refuses, as for a CPU that it does not have, the thread runs where it may. */
function bindToCpu(calls: SystemCalls): void {
  if (settings.cpus.length === 0) return;
  const cpu = settings.cpus[udp.thread % settings.cpus.length]!;
  const mask = new Uint8Array(128);
  mask[cpu >> 3] = 1 << (cpu & 7);
  if (calls.schedSetaffinity(0, mask.length, mask) !== 0) {
    thread.post({ type: 'fault', message: `CPU ${cpu}: ${calls.failure('sched_setaffinity')}` });
  }
}

async function listen(): Promise<ListeningPorts> {
  const listening: ListeningPorts = { ...start.ports };
  if (settings.adapter === 'mmsg') await openMmsg(loadSystemCalls()!);
  else for (const protocol of udp.protocols) listening[protocol] = await openDgram(protocol);
  return listening;
}

await thread.serve(listen, (request) => {
  if (request.type === 'enum-settings') enumEndpoint?.apply(request.settings);
  if (request.type === 'generation') {
    useCarriers(request.generation.carrierTable);
    enumEndpoint?.changeRoutes(request.generation.routes.routes.map(({ number }) => number));
  }
  if (request.type === 'routes') {
    enumEndpoint?.changeRoutes(request.changes.routes.map(({ number }) => number));
  }
});
