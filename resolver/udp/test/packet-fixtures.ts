// What the tests of packet servers share: the two system calls played in memory, so that any packets
// can be given to a server and its answers looked at, without sockets.

import type { Identity } from '../../../ledger/number.ts';
import type { IndexReader } from '../../../wasm/number-index.ts';
import {
  HEADER_BYTES,
  HEADER_CONTROL_BYTES,
  HEADER_FLAGS,
  HEADER_LENGTH,
  HEADER_NAME,
  HEADER_NAME_BYTES,
  HEADER_VECTOR,
  PACKET_BYTES,
  VECTOR_LENGTH,
} from '../../../wasm/packet-layout.ts';
import { createPacketMemory } from '../../../wasm/packet-module.ts';
import type { WasmBuild } from '../../../wasm/wasm-module.ts';
import type { BatchFreshness } from '../batch-codec.ts';
import { PacketBlock } from '../packet-block.ts';
import { encodeSocketAddress } from '../socket-address.ts';
import { EAGAIN, MSG_TRUNC, SystemCallError, type SystemCalls } from '../system-calls.ts';

/** Where the memory lies, as the played system has it. */
const BASE = 2 ** 40;

export interface PlayedPacket {
  bytes: Uint8Array;
  /** Default 192.0.2.1. */
  from?: string;
}

/** Plays the system: packets wait in `arriving`, what is sent comes to `sent`. */
export class PlayedSystem {
  readonly memory: WebAssembly.Memory;
  readonly arriving: PlayedPacket[] = [];
  readonly sent: { bytes: Uint8Array; to: Uint8Array }[] = [];
  nowNs = 1_700_000_000_000_000_000n;
  readonly calls: SystemCalls;

  constructor(threads = 1) {
    this.memory = createPacketMemory(threads);
    const view = new DataView(this.memory.buffer);
    const refuse = (): never => {
      throw new Error('this call is not played');
    };
    const bytesAt = (address: number, bytes: number) =>
      new Uint8Array(this.memory.buffer, address - BASE, bytes);
    const pointer = (at: number) => Number(view.getBigUint64(at, true));
    this.calls = {
      socket: refuse,
      bind: refuse,
      connect: refuse,
      getsockname: refuse,
      setsockopt: refuse,
      getsockopt: refuse,
      close: refuse,
      poll: refuse,
      eventfd: refuse,
      read: refuse,
      write: refuse,
      schedSetaffinity: refuse,
      schedSetscheduler: refuse,
      gettid: refuse,
      errno: () => EAGAIN,
      failure: (call) => new SystemCallError(call, EAGAIN, 'EAGAIN'),
      addressOf: () => BASE,
      clockGettime: (_clock, time) => {
        view.setBigUint64(time - BASE, this.nowNs / 1_000_000_000n, true);
        view.setBigUint64(time - BASE + 8, this.nowNs % 1_000_000_000n, true);
        return 0;
      },
      recvmmsg: (_fd, headers, countMax) => {
        const batch = this.arriving.splice(0, countMax);
        for (const [at, { bytes, from = '192.0.2.1' }] of batch.entries()) {
          const header = headers - BASE + at * HEADER_BYTES;
          const vector = pointer(header + HEADER_VECTOR) - BASE;
          if (view.getUint32(vector + VECTOR_LENGTH, true) !== PACKET_BYTES) refuse();
          const taken = bytes.subarray(0, PACKET_BYTES);
          bytesAt(pointer(vector), taken.length).set(taken);
          const name = encodeSocketAddress({ address: from, port: 4000 });
          if (view.getUint32(header + HEADER_NAME_BYTES, true) < name.length) refuse();
          bytesAt(pointer(header + HEADER_NAME), name.length).set(name);
          view.setUint32(header + HEADER_NAME_BYTES, name.length, true);
          view.setBigUint64(header + HEADER_CONTROL_BYTES, 0n, true);
          view.setUint32(header + HEADER_FLAGS, bytes.length > PACKET_BYTES ? MSG_TRUNC : 0, true);
          view.setUint32(header + HEADER_LENGTH, taken.length, true);
        }
        return batch.length === 0 ? -1 : batch.length;
      },
      sendmmsg: (_fd, headers, count) => {
        for (let at = 0; at < count; at++) {
          const header = headers - BASE + at * HEADER_BYTES;
          const vector = pointer(header + HEADER_VECTOR) - BASE;
          const length = pointer(vector + VECTOR_LENGTH);
          const nameBytes = view.getUint32(header + HEADER_NAME_BYTES, true);
          this.sent.push({
            bytes: bytesAt(pointer(vector), length).slice(),
            to: bytesAt(pointer(header + HEADER_NAME), nameBytes).slice(),
          });
          view.setUint32(header + HEADER_LENGTH, length, true);
        }
        return count;
      },
    };
  }
}

/** A block over a played system. */
export function playedBlock(
  readers: Record<Identity, IndexReader>,
  freshness: BatchFreshness,
  packets = 64,
  build: WasmBuild = 'release',
): { system: PlayedSystem; block: PacketBlock } {
  const system = new PlayedSystem();
  const sources = {
    readerOf: (identity: Identity) => readers[identity],
    freshness: () => freshness,
  };
  const block = new PacketBlock(system.calls, system.memory, 0, sources, packets, build);
  return { system, block };
}

/** Serves whatever waits; gives the answers by the packet's place, `undefined` where there is none. */
export function serveAll(
  system: PlayedSystem,
  server: { serve(fd: number): number },
  packets: readonly PlayedPacket[],
): Uint8Array[] {
  system.arriving.push(...packets);
  system.sent.length = 0;
  while (server.serve(3) > 0);
  return system.sent.map(({ bytes }) => bytes);
}
