import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { after, describe, mock, test } from 'node:test';
import type { Route } from '../../../ledger/route.ts';
import type { BatchClient, BatchClientOptions } from '../batch-client.ts';
import { openBatchClient } from '../batch-client.ts';
import { createBatchHandler } from '../batch-handler.ts';
import { createDgramTransport } from '../dgram-transport.ts';
import type { UdpHandler } from '../udp-transport.ts';
import { answerOf, readerOfAnswers } from './batch-fixtures.ts';

const known = 18613912345678;
const route: Route = {
  id: 'cn-1-udm-1',
  member: 'cn-1',
  plmn: { mcc: '460', mnc: '01' },
  nfType: 'UDM',
  nfInstanceId: '9d2c1f5e-3a4b-4c5d-8e6f-0123456789ab',
  fqdn: 'udm.5gc.mnc001.mcc460.3gppnetwork.org',
  ipv4Addresses: ['192.0.2.1'],
  port: 8443,
  groupId: 'g1',
};
const longRoute: Route = {
  ...route,
  id: 'r'.repeat(64),
  member: 'm'.repeat(64),
  fqdn: `${'abcdefgh.'.repeat(27)}org`,
  ipv4Addresses: Array.from({ length: 8 }, (_, index) => `203.100.100.10${index}`),
  groupId: 'é'.repeat(64),
};
const jsonByNumber = new Map<number, Uint8Array>(
  [route, longRoute, { id: 'no route' }].map((value, index) => [
    index,
    new TextEncoder().encode(JSON.stringify(value)),
  ]),
);

const { handle: answer } = createBatchHandler({
  readerOf: (identity) =>
    identity === 'msisdn'
      ? readerOfAnswers(
          new Map([
            [known, answerOf(3, 13, 0)],
            [10461, answerOf(1, 2, 1)],
          ]),
        )
      : undefined,
  freshness: () => ({ height: 12, lagMs: undefined, routeTableVersion: 3 }),
  routeJson: (routeNumber) => jsonByNumber.get(routeNumber),
});

const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

async function serve(handler: UdpHandler, host = '127.0.0.1'): Promise<number> {
  const transport = createDgramTransport({ host, port: 0 });
  transport.handle(handler);
  closers.push(() => transport.close());
  return (await transport.open()).port;
}

async function clientOf(port: number, options: Partial<BatchClientOptions> = {}) {
  const client = await openBatchClient({ host: '127.0.0.1', port, timeoutMs: 5000, ...options });
  closers.push(() => client.close());
  return client;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A bare socket that does with each request what the test says. */
async function serveBare(
  onRequest: (message: Uint8Array, reply: (bytes: Uint8Array) => void) => void,
): Promise<number> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (message, { port, address }) =>
    onRequest(new Uint8Array(message), (bytes) => socket.send(bytes, port, address)),
  );
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closers.push(() => new Promise((resolve) => socket.close(() => resolve())));
  return socket.address().port;
}

/** What the real handler answers, as bytes of its own. */
function answerBytes(message: Uint8Array): Uint8Array {
  const response = new Uint8Array(1232);
  return response.slice(0, answer(message, response));
}

function assertFound(result: Awaited<ReturnType<BatchClient['lookup']>>) {
  assert.deepEqual(result.answers, [
    { status: 'found', entry: 'ported', matchedLength: 13, routeNumber: 0 },
  ]);
}

describe('the batch client', () => {
  test('looks numbers up in order and tells how new the answers are', async () => {
    const client = await clientOf(await serve(answer));
    assert.deepEqual(await client.lookup('msisdn', [10461, known, 15]), {
      height: 12,
      lagMs: undefined,
      routeTableVersion: 3,
      answers: [
        { status: 'found', entry: 'prefix', matchedLength: 2, routeNumber: 1 },
        { status: 'found', entry: 'ported', matchedLength: 13, routeNumber: 0 },
        { status: 'not-found' },
      ],
    });
  });

  test('matches many requests under way with their own answers', async () => {
    const client = await clientOf(await serve(answer));
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 ? known : 15));
    const results = await Promise.all(asked.map((key) => client.lookup('msisdn', [key])));
    const statuses = results.map(({ answers }) => answers[0]!.status);
    assert.deepEqual(
      statuses,
      asked.map((key) => (key === known ? 'found' : 'not-found')),
    );
  });

  test('fetches details short and long, and "no such route"', async () => {
    const client = await clientOf(await serve(answer));
    assert.deepEqual((await client.route(0)).route, route);
    assert.ok(jsonByNumber.get(1)!.length > 744, 'the long route needs a second request');
    assert.deepEqual((await client.route(1)).route, longRoute);
    assert.equal((await client.route(99)).route, undefined);
    assert.equal((await client.route(99)).routeTableVersion, 3);
  });

  test('rejects details that are not those of a route', async () => {
    const client = await clientOf(await serve(answer));
    await assert.rejects(client.route(2), { code: 'BCHF_UDP_RESPONSE_INVALID' });
  });

  test('rejects what the server refuses', async () => {
    const client = await clientOf(await serve(answer));
    await assert.rejects(client.lookup('imsi', [known]), { code: 'BCHF_UDP_REFUSED' });
  });

  test('a sealed request to a server without keys is refused, not left without an answer', async () => {
    const key = { id: 7, secret: new Uint8Array(32) };
    const client = await clientOf(await serve(answer), { key });
    await assert.rejects(client.lookup('msisdn', [known]), { code: 'BCHF_UDP_REFUSED' });
  });

  test('gives up after its tries, each sent', async () => {
    let received = 0;
    const port = await serveBare(() => {
      received++;
    });
    const client = await clientOf(port, { timeoutMs: 20, retries: 2 });
    await assert.rejects(client.lookup('msisdn', [known]), { code: 'BCHF_UDP_TIMEOUT' });
    await until(() => received === 3);
    assert.equal(client.counters().sentDatagrams, 3);
    assert.equal(client.counters().repeatedDatagrams, 2);
  });

  test('a lost request is repeated under the same id', async () => {
    const ids: number[] = [];
    const port = await serveBare((message, reply) => {
      ids.push(Buffer.from(message).readUInt32LE(4));
      if (ids.length >= 2) reply(answerBytes(message));
    });
    const client = await clientOf(port, { timeoutMs: 40 });
    assertFound(await client.lookup('msisdn', [known]));
    assert.ok(ids.length >= 2);
    assert.equal(new Set(ids).size, 1);
  });

  test('what arrived while the thread was held up is read before a try is given up', async () => {
    // More than one turn of the event loop reads of a socket.
    const count = 100;
    let received = 0;
    const replies: (() => void)[] = [];
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const port = await serveBare((message, reply) => {
        replies.push(() => reply(answerBytes(message)));
        if (++received < count) return;
        for (const send of replies) send();
        // The answers lie in the client's socket, which is not read before the next turn.
        setImmediate(() => mock.timers.tick(500));
      });
      const client = await clientOf(port, { timeoutMs: 500, retries: 1 });
      const asked = Array.from({ length: count }, () => client.lookup('msisdn', [known]));
      for (const result of await Promise.all(asked)) assertFound(result);
      assert.equal(client.counters().repeatedDatagrams, 0);
    } finally {
      mock.timers.reset();
    }
  });

  test('late and repeated answers match nothing and are counted', async () => {
    const port = await serveBare((message, reply) => {
      reply(answerBytes(message));
      reply(answerBytes(message));
      reply(answerBytes(message));
    });
    const client = await clientOf(port);
    assertFound(await client.lookup('msisdn', [known]));
    await until(() => client.counters().unmatchedResponses === 2);
  });

  test('answers of another id, operation or count are passed over for the right one', async () => {
    const port = await serveBare((message, reply) => {
      const right = answerBytes(message);
      reply(right.with(4, right[4]! ^ 1));
      const details = new Uint8Array(32);
      details.set(right.subarray(0, 32));
      details[3] = 2;
      details[9] = 0;
      reply(details);
      const double = Uint8Array.of(...right, ...right.subarray(32));
      double[9] = 2;
      reply(double);
      reply(new Uint8Array(0));
      reply(right.subarray(0, -1));
      reply(right);
    });
    const client = await clientOf(port);
    assertFound(await client.lookup('msisdn', [known]));
    assert.equal(client.counters().unmatchedResponses, 3);
    assert.equal(client.counters().malformedResponses, 2);
  });

  test('a server that asks for an impossible length is given up', async () => {
    const port = await serveBare((message, reply) => {
      const status = answerBytes(message);
      status[8] = 5;
      Buffer.from(status.buffer).writeUInt32LE(5000, 28);
      reply(status.slice(0, 32));
    });
    const client = await clientOf(port);
    await assert.rejects(client.route(99), { code: 'BCHF_UDP_RESPONSE_INVALID' });
  });

  test('a port where nobody listens ends in a coded error', async () => {
    // tcpmux (RFC 1078): one that was closed just now might be another process's by now.
    const client = await clientOf(1, { timeoutMs: 20, retries: 1 });
    await assert.rejects(client.lookup('msisdn', [known]), (error: { code: string }) =>
      ['BCHF_UDP_TIMEOUT', 'BCHF_UDP_SEND'].includes(error.code),
    );
  });

  test('refuses more than 4096 requests under way', async () => {
    const client = await clientOf(await serveBare(() => {}));
    const under = Array.from({ length: 4096 }, () =>
      client.lookup('msisdn', [known]).catch((error) => error.code),
    );
    await assert.rejects(client.lookup('msisdn', [known]), { code: 'BCHF_UDP_BUSY' });
    await client.close();
    assert.deepEqual(new Set(await Promise.all(under)), new Set(['BCHF_UDP_CLOSED']));
  });

  test('closing rejects what is under way, and later requests', async () => {
    const client = await clientOf(await serveBare(() => {}));
    const under = assert.rejects(client.lookup('msisdn', [known]), { code: 'BCHF_UDP_CLOSED' });
    await client.close();
    await under;
    await assert.rejects(client.route(0), { code: 'BCHF_UDP_CLOSED' });
  });

  test('a host without an address is a coded error', async () => {
    await assert.rejects(openBatchClient({ host: 'no-such-host.invalid', port: 5350 }), {
      code: 'BCHF_UDP_SEND',
    });
  });

  test('caller mistakes are range errors', async () => {
    const client = await clientOf(await serve(answer));
    await assert.rejects(client.lookup('msisdn', []), RangeError);
    await assert.rejects(client.lookup('msisdn', new Array(129).fill(known)), RangeError);
    await assert.rejects(client.lookup('msisdn', [5]), RangeError);
    await assert.rejects(client.route(-1), RangeError);
  });
});
