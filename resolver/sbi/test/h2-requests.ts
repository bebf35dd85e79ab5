// A plain HTTP/2 client for tests: one request, its whole answer.

import http2 from 'node:http2';

export interface H2Reply {
  status: number;
  headers: http2.IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of an answer under test
  json: any;
}

export function openH2(
  url: string,
  options: http2.ClientSessionOptions | http2.SecureClientSessionOptions = {},
): http2.ClientHttp2Session {
  const session = http2.connect(url, options);
  session.on('error', () => {});
  return session;
}

/** Rejects where the stream ends without an answer. */
export function send(
  session: http2.ClientHttp2Session,
  path: string,
  headers: http2.OutgoingHttpHeaders = {},
  body?: string | Uint8Array,
): Promise<H2Reply> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ':path': path, ...headers },
      { endStream: body === undefined },
    );
    let text = '';
    let received: http2.IncomingHttpHeaders | undefined;
    stream.setEncoding('utf8');
    stream.on('response', (fields) => {
      received = fields;
    });
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (!received) {
        reject(new Error(`no answer: ${stream.rstCode}`));
        return;
      }
      const isJson = (received['content-type'] ?? '').includes('json') && text !== '';
      resolve({
        status: received[':status'] as unknown as number,
        headers: received,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      });
    });
    if (body !== undefined) stream.end(body);
  });
}
