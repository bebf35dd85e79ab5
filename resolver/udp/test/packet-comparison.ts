// The same mutated packets for the Wasm parsers and for those in TypeScript: the same answers, byte
// by byte, and the same counts; and nothing written but the thread's own block.

import assert from 'node:assert/strict';
import { createRandom } from '../../../ledger/population/random.ts';
import { BLOCKS, KEYS_MAX } from '../../../wasm/packet-layout.ts';
import { setCarrier } from '../../../wasm/packet-module.ts';
import type { WasmBuild } from '../../../wasm/wasm-module.ts';
import { BatchAuthenticator } from '../batch-authentication.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  DROP_REASONS,
  responseBytesMax,
  writeExplainRequest,
  writeLookupRequest,
  writeRouteRequest,
} from '../batch-codec.ts';
import { createBatchHandler } from '../batch-handler.ts';
import { SEAL_BYTES, seal } from '../batch-seal-codec.ts';
import { batchProtocol, PacketServer, PDB_PROTOCOL } from '../packet-server.ts';
import { answerPdb, createPdbCounters, PDB_COUNTERS } from '../pdb-codec.ts';
import { answerOf, readExamples, readerOfAnswers } from './batch-fixtures.ts';
import { type Chance, mutatedPacket } from './mutated-packets.ts';
import { playedBlock, serveAll } from './packet-fixtures.ts';

const known = 18613912345678;
const CARRIER = 321;
const freshness = { height: 5, lagMs: undefined, routeTableVersion: 2 };
const details = new TextEncoder().encode(JSON.stringify({ id: 'udm-1', note: 'é'.repeat(100) }));
/** Packets that are served at once: batches of all sizes up to it. */
const WAITING_MAX = 64;
const SEAL_KEY = { id: 7, secret: new Uint8Array(32).fill(3) };
const NOW_MS = 1_764_000_000_000;
const WINDOW_MS = 5000;
/** What covers the number that is known, the winner first. */
const covering = [
  { entry: 'ported', from: known, to: known, route: 9, userData: 5 },
  { entry: 'fragmented', from: known - 10, to: known + 10, route: 4 },
  { entry: 'prefix', from: 1861, to: 1861, route: 2 },
] as const;

/** Gives `count` packets of each protocol to both; AssertionError where they differ. */
export function compareParsers(build: WasmBuild, seed: number, count: number): void {
  compareBatch(build, seed, count, 'optional');
  compareBatch(build, seed + 1, count, 'required');
  comparePdb(build, seed, count);
}

function readers() {
  const reader = {
    ...readerOfAnswers(new Map([[known, answerOf(3, 13, 9)]])),
    batchMax: KEYS_MAX,
    explain: (key: number) => (key === known ? [...covering] : []),
  };
  return { imsi: reader, msisdn: reader };
}

/** What lies before the blocks, and the memory's size: neither may change. */
function sharedPartOf(memory: WebAssembly.Memory): Buffer {
  return Buffer.from(new Uint8Array(memory.buffer, 0, BLOCKS).slice());
}

function compareBatch(
  build: WasmBuild,
  seed: number,
  count: number,
  mode: 'optional' | 'required',
): void {
  const random = createRandom(seed);
  const { system, block } = playedBlock(readers(), freshness, WAITING_MAX, build);
  const sources = {
    readerOf: (identity: 'imsi' | 'msisdn') => readers()[identity],
    freshness: () => freshness,
    routeJson: (routeNumber: number) => (routeNumber === 9 ? details : undefined),
  };
  const keys = { [SEAL_KEY.id]: Buffer.from(SEAL_KEY.secret).toString('hex') };
  const settings = { mode, windowMs: WINDOW_MS, keys, replays: undefined };
  /** Each remembers for itself what it has accepted. */
  const handler = () =>
    createBatchHandler({
      ...sources,
      authenticator: new BatchAuthenticator(settings, () => NOW_MS),
    });
  const reference = handler();
  const forHost = handler();
  const server = new PacketServer(block, batchProtocol(mode !== 'required'));
  server.handle(forHost.handle);
  const out = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  const origins = [
    ...readExamples().values(),
    out.slice(0, writeLookupRequest(out, 1, 'msisdn', new Array(128).fill(known), 128)),
    out.slice(0, writeLookupRequest(out, 1, 'imsi', [known, 10, 15], 3)),
    out.slice(0, writeRouteRequest(out, 1, 9, 1232)),
    out.slice(0, writeExplainRequest(out, 1, 'msisdn', known, 1232)),
    out.slice(0, writeExplainRequest(out, 1, 'msisdn', known, 80)),
  ];
  const before = sharedPartOf(system.memory);
  const expected = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  for (let done = 0; done < count; ) {
    const packets = Array.from({ length: 1 + random.below(WAITING_MAX) }, () =>
      random.below(3) === 0 ? sealedPacket(origins, random) : mutatedPacket(origins, random),
    );
    const answers = serveAll(
      system,
      server,
      packets.map((bytes) => ({ bytes })),
    );
    let at = 0;
    for (const packet of packets) {
      const length = reference.handle(packet, expected);
      assert.ok(length <= responseBytesMax(packet.length));
      if (length > 0) assertSame(answers[at++], expected.subarray(0, length), packet);
    }
    assert.equal(at, answers.length);
    done += packets.length;
  }
  const { lookupRequests, lookedUpNumbers, malformedNumbers, dropped } = reference.counters();
  const host = forHost.counters();
  assert.equal(server.own(0) + host.lookupRequests, lookupRequests);
  assert.equal(server.own(1) + host.lookedUpNumbers, lookedUpNumbers);
  assert.equal(server.own(2) + host.malformedNumbers, malformedNumbers);
  const { explainRequests, refusedRequests } = reference.counters();
  const met = [lookupRequests, explainRequests, refusedRequests, dropped.tag, dropped.replay];
  assert.ok(count < 10_000 || met.every((times) => times > 0), `met ${met}`);
  for (const [at, reason] of DROP_REASONS.entries()) {
    const inWasm =
      reason === 'too-long' ? server.counters().oversizedDatagrams : server.own(3 + at);
    assert.equal(inWasm + host.dropped[reason], dropped[reason], reason);
  }
  assert.ok(sharedPartOf(system.memory).equals(before));
}

/** A packet that is sealed a little before or behind the time of now, and often changed then. */
function sealedPacket(origins: readonly Uint8Array[], random: Chance): Uint8Array {
  const inner = mutatedPacket(origins, random).subarray(0, BATCH_DATAGRAM_BYTES_MAX - SEAL_BYTES);
  const out = new Uint8Array(inner.length + SEAL_BYTES);
  out.set(inner);
  if (inner.length < 4) return inner;
  const timeUs = (NOW_MS - WINDOW_MS - 100 + random.below(2 * WINDOW_MS + 200)) * 1000;
  seal(out, inner.length, SEAL_KEY, timeUs + random.below(1000));
  if (random.below(4) === 0) out[random.below(out.length)] = random.below(256);
  return out;
}

function comparePdb(build: WasmBuild, seed: number, count: number): void {
  const random = createRandom(seed);
  const { system, block } = playedBlock(readers(), freshness, WAITING_MAX, build);
  setCarrier(system.memory, 9, CARRIER);
  const server = new PacketServer(block, PDB_PROTOCOL);
  const number = '8613912345678';
  const origins = [
    number,
    `${number}\0`,
    `\x01\0\0\x14\xab\xcd${number}\0`,
    `\x01\x01\x01\x16\xab\xcd${number}\0\x01\x02`,
    '\x01\0\0\x07\0\0\0',
    '1'.repeat(16),
    `\x01\0\0\xff\0\0${'1'.repeat(248)}\0`,
  ].map((text) => new Uint8Array(Buffer.from(text, 'latin1')));
  const counters = createPdbCounters();
  let tooLong = 0;
  const before = sharedPartOf(system.memory);
  const expected = new Uint8Array(BATCH_DATAGRAM_BYTES_MAX);
  const carrierOf = (key: number) => (key === known ? CARRIER : 0);
  for (let done = 0; done < count; ) {
    const packets = Array.from({ length: 1 + random.below(WAITING_MAX) }, () =>
      mutatedPacket(origins, random),
    );
    // Chance makes some four of them in all, and now and then none.
    if (done === 0) packets[0] = new Uint8Array(0);
    const answers = serveAll(
      system,
      server,
      packets.map((bytes) => ({ bytes })),
    );
    let at = 0;
    for (const packet of packets) {
      if (packet.length > BATCH_DATAGRAM_BYTES_MAX) {
        tooLong++;
        continue;
      }
      const length = answerPdb(packet, expected, carrierOf, counters);
      assert.ok(length <= Math.max(6, packet.length + 3));
      if (length > 0) assertSame(answers[at++], expected.subarray(0, length), packet);
    }
    assert.equal(at, answers.length);
    done += packets.length;
  }
  for (const [at, name] of PDB_COUNTERS.entries()) {
    assert.equal(server.own(at), counters[name], name);
    assert.ok(counters[name] > 0 || count < 10_000, `${name} was met`);
  }
  assert.equal(server.counters().oversizedDatagrams, tooLong);
  assert.ok(sharedPartOf(system.memory).equals(before));
}

function assertSame(actual: Uint8Array | undefined, expected: Uint8Array, asked: Uint8Array): void {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  assert.equal(actual && hex(actual), hex(expected), `for ${hex(asked)}`);
}
