// What carries datagrams to a handler and its answers back, whatever system calls it uses.
//
// Owns the contract between adapters (dgram-transport.ts and its siblings) and the protocols above
// them. Leaves out every protocol.

/**
 * Answers one datagram: writes the response into `response` and returns its length in bytes, 0 for
 * no answer. `sender` is the sender's address, 16 bytes, an IPv4 one mapped into IPv6.
 *
 * It runs to its end at once, keeps no array (all are reused as soon as it returns) and does
 * not throw: whatever the network sends, its verdict is a length. An exception is a fault of the
 * program; no transport catches it, so that it ends the thread, which is then replaced.
 */
export type UdpHandler = (message: Uint8Array, response: Uint8Array, sender: Uint8Array) => number;

/** What a transport counted since it was made. */
export interface UdpCounters {
  receivedDatagrams: number;
  receivedBytes: number;
  sentDatagrams: number;
  sentBytes: number;
  /** Datagrams that the handler gave no answer to. */
  unansweredDatagrams: number;
  /** Datagrams longer than `datagramBytesMax`, dropped unread. */
  oversizedDatagrams: number;
  /** Datagrams without their answer because too many answers were waiting to be sent. */
  sendQueueDrops: number;
  /** Answers that the system refused to send. */
  sendErrors: number;
  /** Errors of the socket itself while it was open. */
  socketErrors: number;
}

/** The counters of a transport that has just been made. */
export const NO_COUNTS: Readonly<UdpCounters> = {
  receivedDatagrams: 0,
  receivedBytes: 0,
  sentDatagrams: 0,
  sentBytes: 0,
  unansweredDatagrams: 0,
  oversizedDatagrams: 0,
  sendQueueDrops: 0,
  sendErrors: 0,
  socketErrors: 0,
};

/** Where a transport listens. */
export interface UdpAddress {
  address: string;
  port: number;
}

/**
 * A bound socket with its handler. The order of calls is handle, open, close; a transport is opened
 * once.
 */
export interface UdpTransport {
  /** Sets the handler; it may be replaced at any time and then gets the next datagram. */
  handle(handler: UdpHandler): void;
  /**
   * Binds the socket and begins to answer.
   *
   * Rejects with a `UdpError`: BCHF_UDP_LISTEN where the address cannot be had,
   * BCHF_UDP_REUSE_PORT_UNSUPPORTED where a shared port was asked for and cannot be,
   * BCHF_UDP_CLOSED where it was opened or closed before, or is closed meanwhile.
   */
  open(): Promise<UdpAddress>;
  /** The counters as they stand; a copy. */
  counters(): UdpCounters;
  /**
   * Stops receiving, sends the answers to what was received, and closes the socket. May be called
   * again, and before `open`.
   */
  close(): Promise<void>;
}

/** Sizes and limits of a transport. */
export interface UdpTransportOptions {
  /** An IPv4 or IPv6 address, or a name that resolves to an IPv4 one. */
  host: string;
  /** 0 to 65 535; 0 lets the system choose. */
  port: number;
  /** Longest datagram that is received or sent. Default 1232. */
  datagramBytesMax?: number | undefined;
  /** Most answers waiting to be sent; each holds a buffer of `datagramBytesMax`. Default 1024. */
  sendQueueMax?: number | undefined;
  /** Size of the socket's receive buffer; the system's own where left out. */
  receiveBufferBytes?: number | undefined;
  /** Size of the socket's send buffer; the system's own where left out. */
  sendBufferBytes?: number | undefined;
  /** Share the port with other sockets that ask for the same, SO_REUSEPORT. Default false. */
  reusePort?: boolean | undefined;
}

export type UdpErrorCode =
  | 'BCHF_UDP_LISTEN'
  | 'BCHF_UDP_REUSE_PORT_UNSUPPORTED'
  | 'BCHF_UDP_MMSG_UNSUPPORTED'
  | 'BCHF_UDP_TRAP'
  | 'BCHF_UDP_TIMEOUT'
  | 'BCHF_UDP_SEND'
  | 'BCHF_UDP_BUSY'
  | 'BCHF_UDP_CLOSED'
  | 'BCHF_UDP_REFUSED'
  | 'BCHF_UDP_RESPONSE_INVALID';

/** An operating error of a UDP server or client, with a stable code. */
export class UdpError extends Error {
  readonly code: UdpErrorCode;

  constructor(code: UdpErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UdpError';
    this.code = code;
  }
}
