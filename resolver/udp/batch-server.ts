// What a thread does with the batches of one socket.

import { DATAGRAM_BYTES_MAX } from '../../wasm/packet-layout.ts';
import type { MessageBlock, Sent } from './message-block.ts';
import { NO_COUNTS, type UdpCounters, type UdpHandler } from './udp-transport.ts';

/** Takes and answers batches. */
export interface BatchServer {
  /** Sets the handler of what is answered one by one. */
  handle(handler: UdpHandler): void;
  /** Takes one batch from a socket and answers it; returns how many packets came. */
  serve(fd: number): number;
  counters(): UdpCounters;
}

/** Gives every datagram to a handler: the form that needs nothing but TypeScript. */
export class DatagramServer implements BatchServer {
  readonly #block: MessageBlock;
  readonly #datagramBytesMax: number;
  readonly #counters: UdpCounters = { ...NO_COUNTS };
  readonly #sent: Sent = { datagrams: 0, bytes: 0, errors: 0, drops: 0 };
  #handler: UdpHandler = () => 0;

  constructor(block: MessageBlock, datagramBytesMax = DATAGRAM_BYTES_MAX) {
    if (!(datagramBytesMax >= 1 && datagramBytesMax <= DATAGRAM_BYTES_MAX)) {
      throw new RangeError(`datagramBytesMax is 1 to ${DATAGRAM_BYTES_MAX}`);
    }
    this.#block = block;
    this.#datagramBytesMax = datagramBytesMax;
  }

  handle(handler: UdpHandler): void {
    this.#handler = handler;
  }

  serve(fd: number): number {
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
    const bytes = this.#handler(request, response, this.#block.senderOf(at));
    if (bytes === 0) counters.unansweredDatagrams++;
    return bytes;
  }

  counters(): UdpCounters {
    return { ...this.#counters, ...sentCounters(this.#sent) };
  }
}

/** What was sent, in the words of a transport. */
export function sentCounters({ datagrams, bytes, errors, drops }: Sent): Partial<UdpCounters> {
  return {
    sentDatagrams: datagrams,
    sentBytes: bytes,
    sendErrors: errors,
    sendQueueDrops: drops,
  };
}
