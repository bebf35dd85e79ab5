// Operating errors of the network, with stable codes. Messages are for people and may change.

export type GossipErrorCode =
  /** The file with the node's key cannot be read or made, or holds no key. */
  | 'BCHF_GOSSIP_KEY_INVALID'
  /** An address cannot be listened on, or is none. */
  | 'BCHF_GOSSIP_LISTEN_FAILED'
  /** A peer did not answer a request as it should. */
  | 'BCHF_GOSSIP_REQUEST_FAILED'
  /** The thread in which the network runs has ended. */
  | 'BCHF_GOSSIP_THREAD_FAILED';

export class GossipError extends Error {
  readonly code: GossipErrorCode;

  constructor(code: GossipErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'GossipError';
    this.code = code;
  }
}
