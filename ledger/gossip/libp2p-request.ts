// One request over one libp2p stream: the asker sends one frame and closes its side, the other sends
// the frames of its answer and closes its own.

import type { Connection, Stream } from '@libp2p/interface';
import { encodeFrame, FrameReader } from './frame-codec.ts';
import { GossipError } from './gossip-error.ts';
import {
  ANSWER_BYTES_MAX,
  FRAME_BYTES_MAX,
  type PeerId,
  REQUEST_BYTES_MAX,
  REQUEST_TIMEOUT_MS,
  type RequestHandler,
} from './transport.ts';

/** Bytes of framing that a limit on frames does not count. */
const FRAMING_BYTES_MAX = 4_096;

/** Asks over a new stream. Throws BCHF_GOSSIP_REQUEST_FAILED. */
export async function* askOverStream(
  connection: Connection,
  protocol: string,
  request: Uint8Array,
  closing: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  let stream: Stream | undefined;
  const onAbort = (): void => stream?.abort(new Error('the answer took too long'));
  signal.addEventListener('abort', onAbort, { once: true });
  let isWhole = false;
  try {
    stream = await connection.newStream(protocol, { signal });
    await send(stream, encodeFrame(request), signal);
    await stream.close({ signal });
    const reader = new FrameReader(FRAME_BYTES_MAX, ANSWER_BYTES_MAX + FRAMING_BYTES_MAX);
    for await (const chunk of stream) yield* reader.push(chunk.subarray());
    reader.end();
    isWhole = true;
  } catch (cause) {
    const message = `${connection.remotePeer}: ${(cause as Error).message}`;
    throw new GossipError('BCHF_GOSSIP_REQUEST_FAILED', message, { cause });
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Also where the asker has had enough before the end.
    if (!isWhole) stream?.abort(new Error('the answer is not wanted'));
  }
}

/** Reads the request of a stream and answers it. Throws where either cannot be done. */
export async function answerStream(
  stream: Stream,
  handler: RequestHandler,
  peer: PeerId,
  closing: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  const onAbort = (): void => stream.abort(new Error('the request took too long'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const request = await readRequest(stream);
    for await (const frame of handler(request, peer)) {
      await send(stream, encodeFrame(frame), signal);
    }
    await stream.close({ signal });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function readRequest(stream: Stream): Promise<Uint8Array> {
  const reader = new FrameReader(REQUEST_BYTES_MAX, REQUEST_BYTES_MAX + FRAMING_BYTES_MAX);
  for await (const chunk of stream) {
    for (const request of reader.push(chunk.subarray())) return request;
  }
  throw new RangeError('a stream without a request');
}

/** Sends bytes and waits until there is room for more. */
async function send(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  if (!stream.send(bytes)) await stream.onDrain({ signal });
}
