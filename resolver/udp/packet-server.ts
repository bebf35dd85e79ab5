// Answers batches of packets in Wasm: the fast form of a batch server.
//
//     recvmmsg ─▶ parse ─▶ columns of keys ─▶ index readers ─▶ columns of answers ─▶ write ─▶ sendmmsg
//                   │                                                                  ▲
//                   └── what Wasm leaves ──▶ the handler, one by one ──────────────────┘
//
// JavaScript runs once for each batch, and again for each packet that the packet module leaves to
// it: rare ones, such as the details of a route. What a thread has of the packet memory is in packet-block.
//
// All packets of a round are answered from one version of the index. A batch is more than one round
// only where it asks for more than 4096 numbers.

import {
  BATCH_SIZE_WORDS,
  BATCH_SIZES,
  COUNT_LIMITED_PREFIX,
  COUNT_LIMITED_SENDER,
  COUNT_OVERSIZED,
  COUNT_OWN,
  COUNT_RECEIVED,
  COUNT_RECEIVED_BYTES,
  COUNT_UNANSWERED,
  DATAGRAM_BYTES_MAX,
  LATENCIES,
  LATENCY_SUM,
  LATENCY_WORDS,
  PROTOCOL_BATCH,
  PROTOCOL_ENUM,
  PROTOCOL_PDB,
} from '../../wasm/packet-layout.ts';
import type { PacketExports } from '../../wasm/packet-module.ts';
import type { EnumEndpoint } from '../enum/enum-endpoint.ts';
import { type BatchServer, sentCounters } from './batch-server.ts';
import type { Sent } from './message-block.ts';
import type { PacketBlock } from './packet-block.ts';
import { NO_COUNTS, type UdpCounters, UdpError, type UdpHandler } from './udp-transport.ts';

/** What the packet module knows of a protocol. */
export interface PacketProtocol {
  /** Its place among the counters and the limits. */
  number: number;
  /** Whether keys are names: see IndexReader.lookupNames. Default false. */
  areNames?: boolean;
  parse(exports: PacketExports, from: number, end: number): number;
  write(exports: PacketExports, from: number, end: number): void;
}

/**
 * The batch protocol.
 *
 * @param answersLookups false where requests must be authenticated, which is the host's business
 */
export function batchProtocol(answersLookups = true): PacketProtocol {
  return {
    number: PROTOCOL_BATCH,
    parse: (exports, from, end) => exports.parseBatch(from, end, answersLookups),
    write: (exports, from, end) => exports.writeBatch(from, end),
  };
}

/** Kamailio's pdb protocol. */
export const PDB_PROTOCOL: PacketProtocol = {
  number: PROTOCOL_PDB,
  parse: (exports, from, end) => exports.parsePdb(from, end),
  write: (exports, from, end) => exports.writePdb(from, end),
};

/** ENUM, DNS over UDP. */
export function enumProtocol(endpoint: EnumEndpoint): PacketProtocol {
  return {
    number: PROTOCOL_ENUM,
    areNames: true,
    parse: (exports, from, end) => {
      endpoint.beginBatch();
      return exports.parseEnum(from, end);
    },
    write: (exports, from, end) => exports.writeEnum(from, end),
  };
}

/** Counts by powers of two, the last for everything above, and the sum of what was counted. */
export interface HistogramCounts {
  counts: number[];
  sum: number;
}

/** Serves one protocol through the block of the thread. */
export class PacketServer implements BatchServer {
  readonly #block: PacketBlock;
  readonly #protocol: PacketProtocol;
  readonly #isStamped: boolean;
  readonly #sent: Sent = { datagrams: 0, bytes: 0, errors: 0, drops: 0 };
  #socketErrors = 0;
  #handler: UdpHandler = () => 0;

  /** @param isStamped whether the kernel notes when packets arrive */
  constructor(block: PacketBlock, protocol: PacketProtocol, isStamped = false) {
    this.#block = block;
    this.#protocol = protocol;
    this.#isStamped = isStamped;
  }

  handle(handler: UdpHandler): void {
    this.#handler = handler;
  }

  serve(fd: number): number {
    const count = this.#block.messages.receive(fd);
    if (count <= 0) {
      if (count < 0) this.#socketErrors++;
      return 0;
    }
    try {
      this.#answer(fd, count);
    } catch (cause) {
      if (cause instanceof WebAssembly.RuntimeError) {
        throw new UdpError('BCHF_UDP_TRAP', 'the packet module trapped', { cause });
      }
      throw cause;
    }
    return count;
  }

  #answer(fd: number, count: number): void {
    const { exports, messages } = this.#block;
    const { number, areNames, parse, write } = this.#protocol;
    const begunNs = this.#block.readClock();
    for (let from = 0; from < count; ) {
      const end = parse(exports, from, count);
      this.#block.lookUp(areNames);
      write(exports, from, end);
      for (let at = 0; at < this.#block.hostCount; at++) {
        this.#answerOne(this.#block.hostPacket(at));
      }
      from = end;
    }
    const prepared = exports.prepareSend(number, count, this.#block.addressOfMemory);
    messages.sendPrepared(fd, prepared, this.#sent);
    this.#block.readClock();
    exports.observe(number, count, begunNs, this.#isStamped);
  }

  #answerOne(packet: number): void {
    const { messages } = this.#block;
    const request = messages.request(packet).subarray(0, messages.lengthOf(packet));
    const response = messages.response(packet).subarray(0, DATAGRAM_BYTES_MAX);
    const bytes = this.#handler(request, response, messages.senderOf(packet));
    messages.setResponseLength(packet, bytes);
  }

  counters(): UdpCounters {
    const counted = (word: number) => this.#block.counted(this.#protocol.number, word);
    return {
      ...NO_COUNTS,
      receivedDatagrams: counted(COUNT_RECEIVED),
      receivedBytes: counted(COUNT_RECEIVED_BYTES),
      oversizedDatagrams: counted(COUNT_OVERSIZED),
      // What is too long, or over a limit, has a counter of its own.
      unansweredDatagrams:
        counted(COUNT_UNANSWERED) -
        counted(COUNT_OVERSIZED) -
        counted(COUNT_LIMITED_SENDER) -
        counted(COUNT_LIMITED_PREFIX),
      socketErrors: this.#socketErrors,
      ...sentCounters(this.#sent),
    };
  }

  /** One of the protocol's own counters, by its place behind those that all have. */
  own(counter: number): number {
    return this.#block.counted(this.#protocol.number, COUNT_OWN + counter);
  }

  /** Packets dropped because their sender, or its network, is over its limit. */
  limited(): { limitedSenders: number; limitedPrefixes: number } {
    const counted = (word: number) => this.#block.counted(this.#protocol.number, word);
    return {
      limitedSenders: counted(COUNT_LIMITED_SENDER),
      limitedPrefixes: counted(COUNT_LIMITED_PREFIX),
    };
  }

  /** How long packets were here and how many came at once, in the words of a histogram. */
  histograms(): { latency: HistogramCounts; batchSizes: HistogramCounts } {
    const counted = (word: number) => this.#block.counted(this.#protocol.number, word);
    const words = (first: number, count: number) =>
      Array.from({ length: count }, (_, at) => counted(first / 8 + at));
    return {
      latency: {
        counts: words(LATENCIES, LATENCY_WORDS),
        sum: counted(LATENCIES / 8 + LATENCY_SUM) / 1e9,
      },
      batchSizes: { counts: words(BATCH_SIZES, BATCH_SIZE_WORDS), sum: counted(COUNT_RECEIVED) },
    };
  }
}
