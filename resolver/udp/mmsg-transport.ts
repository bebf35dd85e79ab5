// The UDP transport over recvmmsg(2) and sendmmsg(2): Linux, a batch of datagrams with each call.
//
// Owns the way of a batch from a socket through its handler and back. Leaves out protocols. Answers
// are sent before the next batch is taken, so there is no queue of answers: where the network does not
// take them, the socket's receive buffer fills and the system drops what comes.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { DATAGRAM_BYTES_MAX, MESSAGES_END } from '../../wasm/packet-layout.ts';
import { MessageBlock, type Sent } from './message-block.ts';
import { type MmsgSocket, openMmsgSocket } from './mmsg-socket.ts';
import { ServingLoop } from './serving-loop.ts';
import { loadSystemCalls, type SystemCalls } from './system-calls.ts';
import {
  NO_COUNTS,
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
  readonly #datagramBytesMax: number;
  readonly #loop: ServingLoop;
  readonly #block: MessageBlock;
  readonly #counters: UdpCounters = { ...NO_COUNTS };
  readonly #sent: Sent = { datagrams: 0, bytes: 0, errors: 0, drops: 0 };
  #handler: UdpHandler | undefined;
  #socket: MmsgSocket | undefined;
  #isOpened = false;
  #isClosed = false;

  constructor(calls: SystemCalls, options: MmsgTransportOptions) {
    this.#calls = calls;
    this.#options = options;
    this.#datagramBytesMax = options.datagramBytesMax ?? DATAGRAM_BYTES_MAX;
    if (!(this.#datagramBytesMax >= 1 && this.#datagramBytesMax <= DATAGRAM_BYTES_MAX)) {
      throw new RangeError(`datagramBytesMax is 1 to ${DATAGRAM_BYTES_MAX}`);
    }
    this.#loop = options.loop ?? new ServingLoop(calls);
    this.#block = new MessageBlock(calls, {
      memory: new SharedArrayBuffer(MESSAGES_END),
      ...(options.batchPackets !== undefined && { packets: options.batchPackets }),
    });
  }

  handle(handler: UdpHandler): void {
    this.#handler = handler;
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
    this.#loop.add(socket.fd, () => this.#serve(socket.fd));
    return { address: socket.address, port: socket.port };
  }

  #serve(fd: number): number {
    const count = this.#block.receive(fd);
    if (count <= 0) {
      if (count < 0) this.#counters.socketErrors++;
      return 0;
    }
    for (let at = 0; at < count; at++) this.#block.setResponseLength(at, this.#answer(at));
    this.#block.send(fd, count, this.#sent);
    return count;
  }

  /** Answers one packet; returns the response's length. */
  #answer(at: number): number {
    const counters = this.#counters;
    const length = this.#block.lengthOf(at);
    counters.receivedDatagrams++;
    counters.receivedBytes += length;
    if (length > this.#datagramBytesMax) {
      counters.oversizedDatagrams++;
      return 0;
    }
    const request = this.#block.request(at).subarray(0, length);
    const response = this.#block.response(at).subarray(0, this.#datagramBytesMax);
    const bytes = this.#handler?.(request, response) ?? 0;
    if (bytes === 0) counters.unansweredDatagrams++;
    return bytes;
  }

  counters(): UdpCounters {
    const { datagrams, bytes, errors, drops } = this.#sent;
    return {
      ...this.#counters,
      sentDatagrams: datagrams,
      sentBytes: bytes,
      sendErrors: errors,
      sendQueueDrops: drops,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#loop.remove(socket.fd);
    let batches = 0;
    while (batches < DRAIN_BATCHES_MAX && this.#serve(socket.fd) > 0) batches++;
    this.#closeSocket();
  }

  #closeSocket(): void {
    if (this.#options.socket === undefined) this.#calls.close(this.#socket!.fd);
  }
}

/** Without asking anybody for what is an address already. */
async function addressOf(host: string): Promise<string> {
  return isIP(host) ? host : (await lookup(host, { family: 4 })).address;
}
