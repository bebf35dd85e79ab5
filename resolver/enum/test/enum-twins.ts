// The two answerers of ENUM packets side by side: TypeScript, and Wasm with TypeScript for what it
// leaves, over one index, so that a test can give both the same packets and compare every byte.

import type { Route } from '../../../ledger/route.ts';
import type { IndexReader } from '../../../wasm/number-index.ts';
import {
  ANSWERS,
  COUNT_OWN,
  COUNTERS,
  COUNTERS_BYTES,
  FOR_HOST,
  HEADER_FLAGS,
  HEADER_LENGTH,
  KEYS,
  KEYS_MAX,
  NAMES,
  PACKET_BYTES,
  PACKETS_MAX,
  PROTOCOL_ENUM,
  RECEIVE_HEADERS,
  REQUESTS,
  RESPONSE_LENGTHS,
  RESPONSES,
  WORD_CLOCK,
  WORD_HOST_COUNT,
  WORD_KEY_COUNTS,
} from '../../../wasm/packet-layout.ts';
import { blockOf, createPacketMemory, instantiatePackets } from '../../../wasm/packet-module.ts';
import type { WasmBuild } from '../../../wasm/wasm-module.ts';
import { isIpv4 } from '../../udp/client-address-codec.ts';
import { EnumBlock, WASM_COUNTERS } from '../enum-block.ts';
import { createEnumCounters, type EnumCounter, type EnumCounters } from '../enum-counters.ts';
import { EnumEndpoint } from '../enum-endpoint.ts';
import type { EnumLookup } from '../enum-records.ts';
import type { EnumSettings } from '../enum-settings.ts';

const drawKey = () => new Uint8Array(16).fill(9);

export interface Twin {
  /** Answers packets of one batch, each from its client; an empty array for no answer. */
  answer(packets: readonly Packet[], nowMs: number): Uint8Array[];
  counters(): EnumCounters;
}

export interface Packet {
  message: Uint8Array;
  client: Uint8Array;
}

export function lookupOf(reader: IndexReader, routes: readonly Route[]): EnumLookup {
  return {
    find(key) {
      const found = reader.find(key);
      if (!found) return undefined;
      return { entry: found.entry, routeNumber: found.route, route: routes[found.route]! };
    },
    hasBelow: (key) => reader.hasBelow(key),
    height: () => 77,
  };
}

/** The answerer in TypeScript alone. */
export function createTypeScriptTwin(settings: EnumSettings, lookup: EnumLookup): Twin {
  const counters = createEnumCounters();
  let now = 0;
  const endpoint = new EnumEndpoint({ settings, lookup, counters, nowMs: () => now, drawKey });
  const handler = endpoint.handler('udp');
  const response = new Uint8Array(1232);
  return {
    answer(packets, nowMs) {
      now = nowMs;
      return packets.map(({ message, client }) =>
        response.slice(0, handler(message, response, client)),
      );
    },
    counters: () => counters,
  };
}

export interface WasmTwin extends Twin {
  /** Packets that Wasm left to TypeScript so far. */
  handedOut(): number;
  endpoint: EnumEndpoint;
}

/** The answerer in Wasm, with TypeScript for what it leaves. */
export function createWasmTwin(
  settings: EnumSettings,
  lookup: EnumLookup,
  reader: IndexReader,
  build: WasmBuild = 'release',
): WasmTwin {
  const counters = createEnumCounters();
  let now = 0;
  let handedOut = 0;
  const memory = createPacketMemory(1);
  const exports = instantiatePackets(memory, 0, build);
  const block = new EnumBlock(memory, 0, exports);
  const endpoint = new EnumEndpoint({
    settings,
    lookup,
    counters,
    nowMs: () => now,
    block,
    drawKey,
  });
  const handler = endpoint.handler('udp');
  const base = blockOf(0);
  const { buffer } = memory;
  const bytes = new Uint8Array(buffer, base);
  const view = new DataView(buffer, base);
  const keys = new Float64Array(buffer, base + KEYS + KEYS_MAX * 8, KEYS_MAX);
  const answers = new Uint32Array(buffer, base + ANSWERS + KEYS_MAX * 4, KEYS_MAX);
  const forHost = new Uint32Array(buffer, base + FOR_HOST, PACKETS_MAX);

  function put(packet: number, { message, client }: Packet): void {
    const header = RECEIVE_HEADERS + packet * 64;
    bytes.fill(0xa5, REQUESTS + packet * PACKET_BYTES, REQUESTS + (packet + 1) * PACKET_BYTES);
    bytes.set(message.subarray(0, PACKET_BYTES), REQUESTS + packet * PACKET_BYTES);
    view.setUint32(header + HEADER_LENGTH, message.length, true);
    view.setUint32(header + HEADER_FLAGS, 0, true);
    const name = NAMES + packet * 32;
    bytes.fill(0, name, name + 32);
    view.setUint16(name, isIpv4(client) ? 2 : 10, true);
    if (isIpv4(client)) bytes.set(client.subarray(12), name + 4);
    else bytes.set(client, name + 8);
  }

  return {
    endpoint,
    answer(packets, nowMs) {
      if (packets.length > PACKETS_MAX) throw new RangeError('more packets than a batch has');
      now = nowMs;
      view.setBigUint64(WORD_CLOCK, BigInt(Math.floor(nowMs / 1000)), true);
      view.setBigUint64(WORD_CLOCK + 8, BigInt((nowMs % 1000) * 1_000_000), true);
      packets.forEach((packet, at) => {
        put(at, packet);
      });
      endpoint.beginBatch();
      exports.parseEnum(0, packets.length);
      const count = view.getUint32(WORD_KEY_COUNTS + 4, true);
      reader.lookupNames(keys, answers, count);
      exports.writeEnum(0, packets.length);
      const hostCount = view.getUint32(WORD_HOST_COUNT, true);
      handedOut += hostCount;
      for (let at = 0; at < hostCount; at++) {
        const packet = forHost[at]!;
        const { message, client } = packets[packet]!;
        const response = new Uint8Array(1232);
        const length = handler(message, response, client);
        bytes.set(response.subarray(0, length), RESPONSES + packet * PACKET_BYTES);
        view.setUint32(RESPONSE_LENGTHS + 4 * packet, length, true);
      }
      return packets.map((_, packet) => {
        const length = view.getUint32(RESPONSE_LENGTHS + 4 * packet, true);
        if (length > 1232) throw new RangeError(`a response of ${length} bytes`);
        const at = RESPONSES + packet * PACKET_BYTES;
        return bytes.slice(at, at + length);
      });
    },
    counters() {
      const all = { ...counters };
      for (const [name, word] of Object.entries(WASM_COUNTERS) as [EnumCounter, number][]) {
        const at = COUNTERS + PROTOCOL_ENUM * COUNTERS_BYTES + 8 * (COUNT_OWN + word);
        all[name] += Number(view.getBigUint64(at, true));
      }
      return all;
    },
    handedOut: () => handedOut,
  };
}
