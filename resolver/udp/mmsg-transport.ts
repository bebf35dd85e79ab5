// The UDP transport over recvmmsg(2) and sendmmsg(2): Linux, a batch of datagrams with each call.
//
// Owns the socket and when it is served. Leaves out protocols, and how a batch is answered: one
// datagram after the other (batch-server.ts) or all of them in Wasm (packet-server.ts). Answers are
// sent before the next batch is taken, so there is no queue of answers: where the network does not
// take them, the socket's receive buffer fills and the system drops what comes.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { MESSAGES_END } from '../../wasm/packet-layout.ts';
import { type BatchServer, DatagramServer } from './batch-server.ts';
import { MessageBlock } from './message-block.ts';
import { type MmsgSocket, openMmsgSocket } from './mmsg-socket.ts';
import { ServingLoop } from './serving-loop.ts';
import { loadSystemCalls, type SystemCalls } from './system-calls.ts';
import {
  type UdpAddress,
  type UdpCounters,
  UdpError,
  type UdpHandler,
  type UdpTransport,
  type UdpTransportOptions,
} from './udp-transport.ts';

/** Batches that `close` still answers of what waits in the socket. */
const DRAIN_BATCHES_MAX = 64;

export interface MmsgTransportOptions extends UdpTransportOptions {
  /** Datagrams of a batch, 1 to 256. Default 64. */
  batchPackets?: number | undefined;
  /** SO_TIMESTAMPNS: the kernel notes when each packet arrived. Default false. */
  timestamps?: boolean | undefined;
  /** The loop of the thread; without it, the transport has one of its own. */
  loop?: ServingLoop | undefined;
  /** What answers batches; without it, each datagram is the handler's. */
  server?: BatchServer | undefined;
  /** A socket that somebody else opened and will close; host and port then say nothing. */
  socket?: MmsgSocket | undefined;
}

/** Whether this process can make such a transport. */
export function isMmsgSupported(): boolean {
  return loadSystemCalls() !== undefined;
}

/**
 * Creates a transport over one socket. See {@link UdpTransport} for its contract; a thread that opens
 * it serves nothing else, see serving-loop.ts.
 *
 * @throws UdpError BCHF_UDP_MMSG_UNSUPPORTED where the platform has no such calls.
 */
export function createMmsgTransport(options: MmsgTransportOptions): UdpTransport {
  const calls = loadSystemCalls();
  if (calls === undefined) {
    throw new UdpError('BCHF_UDP_MMSG_UNSUPPORTED', 'recvmmsg needs 64-bit Linux and koffi');
  }
  return new MmsgTransport(calls, options);
}

class MmsgTransport implements UdpTransport {
  readonly #calls: SystemCalls;
  readonly #options: MmsgTransportOptions;
  readonly #loop: ServingLoop;
  readonly #server: BatchServer;
  #socket: MmsgSocket | undefined;
  #isOpened = false;
  #isClosed = false;

  constructor(calls: SystemCalls, options: MmsgTransportOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#loop = options.loop ?? new ServingLoop(calls);
    this.#server = options.server ?? createDatagramServer(calls, options);
  }

  handle(handler: UdpHandler): void {
    this.#server.handle(handler);
  }

  async open(): Promise<UdpAddress> {
    if (this.#isOpened || this.#isClosed) {
      throw new UdpError('BCHF_UDP_CLOSED', 'a transport is opened once');
    }
    this.#isOpened = true;
    const { host, port } = this.#options;
    let socket: MmsgSocket;
    try {
      const address = await addressOf(host);
      socket =
        this.#options.socket ?? openMmsgSocket(this.#calls, { address, port }, this.#options);
    } catch (cause) {
      throw new UdpError('BCHF_UDP_LISTEN', `UDP ${host} port ${port}`, { cause });
    }
    this.#socket = socket;
    if (this.#isClosed) {
      this.#closeSocket();
      throw new UdpError('BCHF_UDP_CLOSED', 'the transport was closed while it opened');
    }
    this.#loop.add(socket.fd, () => this.#server.serve(socket.fd));
    return { address: socket.address, port: socket.port };
  }

  counters(): UdpCounters {
    return this.#server.counters();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#loop.remove(socket.fd);
    if (!this.#loop.isBroken) this.#drain(socket.fd);
    this.#closeSocket();
  }

  /** Answers what waits in the socket, but not a stream that never ends. */
  #drain(fd: number): void {
    let batches = 0;
    while (batches < DRAIN_BATCHES_MAX && this.#server.serve(fd) > 0) batches++;
  }

  #closeSocket(): void {
    if (this.#options.socket === undefined) this.#calls.close(this.#socket!.fd);
  }
}

function createDatagramServer(
  calls: SystemCalls,
  { batchPackets, datagramBytesMax }: MmsgTransportOptions,
): DatagramServer {
  const block = new MessageBlock(calls, {
    memory: new SharedArrayBuffer(MESSAGES_END),
    ...(batchPackets !== undefined && { packets: batchPackets }),
  });
  return new DatagramServer(block, datagramBytesMax);
}

/** Without asking anybody for what is an address already. */
async function addressOf(host: string): Promise<string> {
  return isIP(host) ? host : (await lookup(host, { family: 4 })).address;
}
