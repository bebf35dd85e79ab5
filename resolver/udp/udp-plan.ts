// What the main thread holds for the threads that serve UDP: their sockets, the packet memory, and
// what wakes them.
//
// With system calls of its own the process opens every socket here. A thread that dies leaves its
// sockets to the one that takes its place, with whatever waits in them; nobody else sees a
// difference. With `dgram` each thread opens its own.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Route } from '../../ledger/route.ts';
import { PROTOCOL_BATCH, PROTOCOL_PDB } from '../../wasm/packet-layout.ts';
import {
  carriersOf,
  createPacketMemory,
  type RateLimits,
  setCarrier,
  setRateLimits,
} from '../../wasm/packet-module.ts';
import { flagName, type ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';
import { carrierOf } from './carriers.ts';
import { DGRAM_REUSE_PORT_SUPPORTED } from './dgram-transport.ts';
import { type MmsgSocket, openMmsgSocket, socketMemory } from './mmsg-socket.ts';
import { loadSystemCalls, type SystemCalls } from './system-calls.ts';
import { type UdpSettings, udpSettingsOf } from './udp-settings.ts';

export const UDP_PROTOCOLS = ['batch', 'enum', 'pdb'] as const;
export type UdpProtocol = (typeof UDP_PROTOCOLS)[number];
export type UdpPorts = Record<UdpProtocol, number>;

/** What one thread is given. */
export interface UdpStart {
  /** From 0: its block of the packet memory. */
  thread: number;
  settings: UdpSettings;
  packetMemory: WebAssembly.Memory;
  /** Sockets that are open already; with `dgram`, none: then it opens those of `protocols`. */
  sockets: Partial<Record<UdpProtocol, MmsgSocket>>;
  protocols: UdpProtocol[];
  wakeFd: number | undefined;
}

/** One more than any that is written: what an eventfd is told. */
const WAKE = new Uint8Array(BigUint64Array.of(1n).buffer);

export class UdpPlan {
  readonly settings: UdpSettings;
  readonly threads: number;
  readonly ports: UdpPorts;
  readonly #calls: SystemCalls | undefined;
  readonly #memory: WebAssembly.Memory;
  readonly #sockets: Record<UdpProtocol, MmsgSocket>[] = [];
  readonly #wakeFds: number[] = [];
  /** The table of carriers that belongs to the generation that is served. */
  #carrierTable = 0;

  private constructor(config: ServingConfig, address: string) {
    this.settings = udpSettingsOf(config);
    this.threads = config.udpWorkers;
    this.ports = { batch: config.udpPort, enum: config.enumPort, pdb: config.pdbPort };
    this.#memory = createPacketMemory(this.threads);
    for (const protocol of [PROTOCOL_BATCH, PROTOCOL_PDB]) {
      setRateLimits(this.#memory, protocol, rateLimitsOf(config));
    }
    if (this.settings.adapter === 'dgram') return;
    this.#calls = loadSystemCalls()!;
    try {
      for (let thread = 0; thread < this.threads; thread++) this.#openThread(address);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Throws BCHF_LISTEN_FAILED or BCHF_CONFIG_INVALID, and then nothing is left open. */
  static async open(config: ServingConfig): Promise<UdpPlan> {
    const { host } = config;
    try {
      const address = isIP(host) ? host : (await lookup(host, { family: 4 })).address;
      return new UdpPlan(config, address);
    } catch (cause) {
      if (cause instanceof ResolverError) throw cause;
      if (cause instanceof RangeError) {
        throw new ResolverError('BCHF_CONFIG_INVALID', cause.message, { cause });
      }
      const message = `${flagName('host')} ${host}: ${(cause as Error).message}`;
      throw new ResolverError('BCHF_LISTEN_FAILED', message, { cause });
    }
  }

  #openThread(address: string): void {
    const calls = this.#calls!;
    const { receiveBufferBytes, sendBufferBytes, isStamped } = this.settings;
    const sockets: Partial<Record<UdpProtocol, MmsgSocket>> = {};
    this.#sockets.push(sockets as Record<UdpProtocol, MmsgSocket>);
    for (const protocol of UDP_PROTOCOLS) {
      const endpoint = { address, port: this.ports[protocol] };
      const options = {
        reusePort: true,
        receiveBufferBytes,
        sendBufferBytes,
        timestamps: isStamped,
      };
      const socket = openMmsgSocket(calls, endpoint, options);
      sockets[protocol] = socket;
      // The first may be given a port by the system, the others join it there.
      this.ports[protocol] = socket.port;
    }
    const wakeFd = calls.eventfd();
    if (wakeFd < 0) throw calls.failure('eventfd');
    this.#wakeFds.push(wakeFd);
  }

  startOf(thread: number): UdpStart {
    return {
      thread,
      settings: this.settings,
      packetMemory: this.#memory,
      sockets: this.#sockets[thread] ?? {},
      protocols: UDP_PROTOCOLS.filter((_, at) => this.#hasProtocol(thread, at)),
      wakeFd: this.#wakeFds[thread],
    };
  }

  /** A port that cannot be shared goes to one thread; they are spread over the threads there are. */
  #hasProtocol(thread: number, protocol: number): boolean {
    const isShared = this.settings.adapter === 'mmsg' || DGRAM_REUSE_PORT_SUPPORTED;
    return isShared || protocol % this.threads === thread;
  }

  /** Ends a thread's wait for packets, so that it looks at its messages. */
  wake(thread: number): void {
    const wakeFd = this.#wakeFds[thread];
    if (wakeFd !== undefined) this.#calls!.write(wakeFd, WAKE, WAKE.length);
  }

  get carrierTable(): number {
    return this.#carrierTable;
  }

  /** Gives routes their carrier ids, before any entry leads to them. */
  setCarriers(routes: readonly { number: number; route: Route }[]): void {
    for (const { number, route } of routes) {
      const carrier = carrierOf(this.settings.carriers, number, route);
      setCarrier(this.#memory, number, carrier, this.#carrierTable);
    }
  }

  /**
   * The carrier ids of another generation's routes, in the table that no thread answers from any more:
   * every thread must have left the generation before the one that is served.
   */
  replaceCarriers(routes: readonly { number: number; route: Route }[]): void {
    this.#carrierTable = 1 - this.#carrierTable;
    carriersOf(this.#memory, this.#carrierTable).fill(0);
    this.setCarriers(routes);
  }

  /** What each protocol's sockets have for packets that wait, and lost; nothing with `dgram`. */
  memory(): { protocol: UdpProtocol; receiveBufferBytes: number; drops: number }[] {
    if (this.#sockets.length === 0) return [];
    return UDP_PROTOCOLS.map((protocol) => {
      const sum = { protocol, receiveBufferBytes: 0, drops: 0 };
      for (const sockets of this.#sockets) {
        const memory = socketMemory(this.#calls!, sockets[protocol].fd);
        sum.receiveBufferBytes += memory?.receiveBufferBytes ?? 0;
        sum.drops += memory?.drops ?? 0;
      }
      return sum;
    });
  }

  /** Closes the sockets; threads must have ended, for a number may be another file's afterwards. */
  close(): void {
    for (const sockets of this.#sockets.splice(0)) {
      for (const { fd } of Object.values(sockets)) this.#calls!.close(fd);
    }
    for (const fd of this.#wakeFds.splice(0)) this.#calls!.close(fd);
  }
}

function rateLimitsOf(config: ServingConfig): RateLimits {
  const limitOf = (packetsPerSecond: number, burst: number) =>
    packetsPerSecond === 0 ? undefined : { packetsPerSecond, burst };
  return {
    sender: limitOf(config.udpSenderRate, config.udpSenderBurst),
    prefix: limitOf(config.udpPrefixRate, config.udpPrefixBurst),
  };
}
