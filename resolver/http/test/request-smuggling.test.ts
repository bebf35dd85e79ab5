// Requests whose end can be read in two ways: none of them brings a hidden request to a handler, and none
// gets an answer that is not its own.

import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { framingOf } from '../request-framing.ts';
import { loadUWebSockets } from '../uwebsockets.ts';
import {
  asLookup,
  assertServes,
  BATCH,
  BODY,
  CHUNKED,
  CHUNKS,
  exchange,
  HIDDEN,
  KNOWN,
  type Listener,
  openListener,
  post,
  SURE_MS,
} from './hostile-clients.ts';

/** Lengths and codings that contradict each other, or that nobody can read in one way only. */
const AMBIGUOUS: Record<string, string> = {
  'length and coding': post(`Content-Length: 4\r\n${CHUNKED}`, CHUNKS + HIDDEN),
  'coding and length': post(`${CHUNKED}Content-Length: 4\r\n`, CHUNKS + HIDDEN),
  'two lengths': post('Content-Length: 12\r\nContent-Length: 0\r\n', BODY + HIDDEN),
  'two lengths, the shorter first': post(
    'Content-Length: 0\r\nContent-Length: 12\r\n',
    BODY + HIDDEN,
  ),
  'the same length twice': post('Content-Length: 12\r\nContent-Length: 12\r\n', BODY + HIDDEN),
  'a list of lengths': post('Content-Length: 12, 12\r\n', BODY + HIDDEN),
  'a length with a sign': post('Content-Length: +12\r\n', BODY + HIDDEN),
  'a negative length': post('Content-Length: -1\r\n', BODY + HIDDEN),
  'a hexadecimal length': post('Content-Length: 0xc\r\n', BODY + HIDDEN),
  'a length with a blank in it': post('Content-Length: 1 2\r\n', BODY + HIDDEN),
  'a length that overflows 64 bits': post(`Content-Length: ${2n ** 64n + 12n}\r\n`, BODY + HIDDEN),
  'a length with letters behind it': post('Content-Length: 12abc\r\n', BODY + HIDDEN),
  'an unknown coding': post('Transfer-Encoding: xchunked\r\n', CHUNKS + HIDDEN),
  'the identity coding': post('Transfer-Encoding: identity\r\n', CHUNKS + HIDDEN),
  'a coding before chunked': post('Transfer-Encoding: gzip, chunked\r\n', CHUNKS + HIDDEN),
  'two codings': post(`${CHUNKED}Transfer-Encoding: identity\r\n`, CHUNKS + HIDDEN),
};

/** Header fields that some read, and others do not, as a length or a coding. */
const MISSHAPEN: Record<string, string> = {
  'a blank before the colon of a length': post('Content-Length : 12\r\n', BODY + HIDDEN),
  'a blank before the colon of a coding': post('Transfer-Encoding : chunked\r\n', CHUNKS + HIDDEN),
  'a folded line': post('Transfer-Encoding:\r\n chunked\r\n', CHUNKS + HIDDEN),
  'a control character before a coding': post(
    'Transfer-Encoding: \x0bchunked\r\n',
    CHUNKS + HIDDEN,
  ),
  'a bare line feed at the end of a line': post('Content-Length: 12\n', BODY + HIDDEN),
  'a bare carriage return in a value': post('X: a\rContent-Length: 0\r\n', BODY + HIDDEN),
  'lines that end with line feeds only': `GET /health/live HTTP/1.1\nHost: x\n\n${HIDDEN}`,
  'a zero in a value': post('X: a\0b\r\nContent-Length: 12\r\n', BODY + HIDDEN),
  'a line without a colon': post('Content-Length\r\n', BODY + HIDDEN),
  'a blank in a name': post('Content Length: 12\r\n', BODY + HIDDEN),
};

/** Chunks that not everybody reads alike. */
const CHUNK_TRICKS: Record<string, string> = {
  'a request behind the last chunk': post(CHUNKED, CHUNKS + HIDDEN),
  'sizes that end with line feeds': post(CHUNKED, `c\n${BODY}\n0\n\n${HIDDEN}`),
  'a size with 0x': post(CHUNKED, `0xc\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
  'a negative size': post(CHUNKED, `-c\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
  'a size that overflows 64 bits': post(
    CHUNKED,
    `1000000000000000c\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`,
  ),
  'a size with a blank': post(CHUNKED, `c \r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
  'an extension': post(CHUNKED, `c;a=b\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
  'a line feed in an extension': post(CHUNKED, `c;a=b\n${BODY}\r\n0\r\n\r\n${HIDDEN}`),
  'no line end behind a chunk': post(CHUNKED, `c\r\n${BODY}0\r\n\r\n${HIDDEN}`),
  'a trailer': post(CHUNKED, `c\r\n${BODY}\r\n0\r\nX: y\r\n\r\n${HIDDEN}`),
  'a request of a body in chunks that needs none': `GET /health/live HTTP/1.1\r\nHost: x\r\n${CHUNKED}\r\n0\r\n\r\n${HIDDEN}`,
};

const { isNative } = loadUWebSockets();

describe('request smuggling', { skip: !isNative && 'the stand-in is of node:http' }, () => {
  let listener: Listener;
  before(async () => {
    listener = await openListener();
  });
  after(() => listener.server.close());

  const all = { ...AMBIGUOUS, ...MISSHAPEN, ...CHUNK_TRICKS };
  for (const [name, bytes] of Object.entries(all)) {
    it(`${name}: no hidden request is answered`, async () => {
      listener.reached.length = 0;
      const { port } = listener.server;
      const quietMs = name in AMBIGUOUS ? SURE_MS : 150;
      const { statuses, isClosed } = await exchange(port, bytes, quietMs);
      assert.ok(!listener.reached.some((one) => one.includes('/hidden')));
      assert.ok(statuses.length <= 1);
      if (name in AMBIGUOUS) {
        assert.deepEqual([statuses, isClosed, listener.reached], [[], true, []]);
      }
      await assertServes(port);
    });
  }

  for (const [name, bytes] of Object.entries(all)) {
    it(`${name}, with a lookup that takes no body: no hidden request is answered`, async () => {
      listener.reached.length = 0;
      const { port } = listener.server;
      const { statuses, isClosed } = await exchange(
        port,
        asLookup(bytes),
        name in AMBIGUOUS ? SURE_MS : 150,
      );
      assert.ok(!listener.reached.some((one) => one.includes('/hidden')));
      // None of them is a lookup without a body, so none is answered as one.
      assert.ok(!listener.reached.some((one) => one.startsWith('quick')), `${listener.reached}`);
      assert.ok(statuses.length <= 1);
      if (name in AMBIGUOUS) {
        assert.deepEqual([statuses, isClosed, listener.reached], [[], true, []]);
      }
    });
  }

  it('a plain lookup is answered at once, and so is the one behind it', async () => {
    listener.reached.length = 0;
    const plain = asLookup(`POST ${BATCH} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { statuses } = await exchange(listener.server.port, plain + plain, SURE_MS, 2);
    assert.deepEqual(
      [statuses, listener.reached],
      [
        [200, 200],
        [`quick ${KNOWN}`, `quick ${KNOWN}`],
      ],
    );
  });

  it('connections that were closed for that are counted', () => {
    assert.ok(listener.broken > 0);
  });

  it('a body of one length and one in chunks are answered, the connection of the second is closed', async () => {
    const { port } = listener.server;
    const plain = await exchange(port, post('Content-Length: 12\r\n', BODY + HIDDEN), SURE_MS, 2);
    assert.deepEqual([plain.statuses, plain.isClosed], [[200, 404], false], 'pipelined requests');
    for (const coding of [CHUNKED, 'transfer-encoding: CHUNKED\r\n']) {
      const chunked = await exchange(port, post(coding, CHUNKS), SURE_MS);
      assert.deepEqual([chunked.statuses, chunked.isClosed], [[200], true]);
    }
  });

  it('behind a body in chunks whose answer is long, the client is told to close the connection, and does', async () => {
    const numbers = Array.from({ length: 20_000 }, (_, at) => `msisdn-35850${at}`);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (headers: object) =>
      new Promise<{ results: number; connection: string | undefined; localPort: number }>(
        (resolve, reject) => {
          const { port } = listener.server;
          const method = 'POST';
          const asking = request({ port, path: BATCH, method, agent, headers: { ...headers } });
          asking.on('error', reject);
          asking.on('response', async (response) => {
            const localPort = response.socket.localPort!;
            const { results } = (await json(response)) as { results: unknown[] };
            const { connection } = response.headers;
            resolve({ results: results.length, connection, localPort });
          });
          asking.end(JSON.stringify(numbers));
        },
      );
    const type = { 'content-type': 'application/json' };
    const chunked = await ask({ ...type, 'transfer-encoding': 'chunked' });
    assert.deepEqual([chunked.results, chunked.connection], [20_000, 'close']);
    const next = await ask({ ...type, 'content-length': JSON.stringify(numbers).length });
    assert.notEqual(next.localPort, chunked.localPort);
    assert.notEqual(next.connection, 'close');
    agent.destroy();
  });

  it('the body of a request that needs none is not the next request', async () => {
    listener.reached.length = 0;
    const length = `Content-Length: ${HIDDEN.length}\r\n`;
    const { statuses } = await exchange(
      listener.server.port,
      `GET /health/live HTTP/1.1\r\nHost: x\r\n${length}\r\n${HIDDEN}`,
      150,
    );
    assert.deepEqual([statuses, listener.reached], [[200], ['get /health/live']]);
  });
});

describe('where the body of a request ends', () => {
  const framing = (...fields: [string, string][]) =>
    framingOf({
      getHeader: (name: string) => fields.find(([one]) => one === name)?.[1] ?? '',
      forEach: (told) => {
        for (const [name, value] of fields) told(name, value);
      },
    });

  it('is told by nothing, by one length or by the chunked coding alone', () => {
    assert.equal(framing(['x', 'y']), 'plain');
    assert.equal(framing(['content-length', '0']), 'plain');
    assert.equal(framing(['content-length', '12']), 'plain');
    assert.equal(framing(['transfer-encoding', 'Chunked']), 'chunked');
    assert.equal(framing(['content-length', '1'], ['content-length', '1']), 'broken');
    assert.equal(framing(['content-length', '1'], ['transfer-encoding', 'chunked']), 'broken');
    assert.equal(framing(['transfer-encoding', 'chunked'], ['transfer-encoding', '']), 'broken');
    assert.equal(framing(['content-length', '1'.repeat(16)]), 'broken');
  });
});
