// Takes requests of the service-based interfaces, HTTP/2 by prior knowledge, as a UDM or an MNPF does.

import http2 from 'node:http2';
import { type Listening, listen } from './listening.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

export const BODY_BYTES_MAX = 16 * 1024;
const STREAMS_MAX = 128;

/** @param answer must not reject */
export function listenForSbi(
  answer: (request: WireRequest) => Promise<WireAnswer>,
): Promise<Listening> {
  const server = http2.createServer({
    settings: { enablePush: false, maxConcurrentStreams: STREAMS_MAX },
  });
  server.on('stream', (stream, received) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('error', () => stream.close());
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else chunks.push(chunk);
    });
    stream.on('end', async () => {
      const { ':method': method = '', ':path': path = '', ...rest } = received;
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(rest)) {
        if (typeof value === 'string' && !name.startsWith(':')) headers[name] = value;
      }
      const http = { method, path, headers };
      const body = parseJson(Buffer.concat(chunks).toString('utf8'));
      const answered = await answer({ name: `${method} ${path}`, http, body });
      if (stream.destroyed || stream.closed) return;
      const type = answered.status < 400 ? 'application/json' : 'application/problem+json';
      stream.respond({ ':status': answered.status, 'content-type': type });
      stream.end(answered.body === undefined ? '' : JSON.stringify(answered.body));
    });
  });
  return listen(server);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
