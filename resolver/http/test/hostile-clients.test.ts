// Clients that are slow, many, too long or send no text: memory stays bounded and others are served.

import assert from 'node:assert/strict';
import type net from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadUWebSockets } from '../uwebsockets.ts';
import {
  assertServes,
  BATCH,
  BODY,
  closeAll,
  exchange,
  type Listener,
  openConnections,
  openListener,
  post,
  SURE_MS,
} from './hostile-clients.ts';

const { isNative } = loadUWebSockets();
/** Far below what the system allows one process, so that other tests have their share. */
const IDLE_CONNECTIONS = 2_000;

async function withListener(
  limits: Parameters<typeof openListener>[0],
  use: (listener: Listener, port: number) => Promise<void>,
): Promise<void> {
  const listener = await openListener(limits);
  try {
    await use(listener, listener.server.port);
  } finally {
    listener.server.close();
  }
}

/** Writes a byte now and then until the connection is closed. */
function drip(socket: net.Socket, byte: string, everyMs: number): void {
  const dripping = setInterval(() => socket.write(byte), everyMs);
  socket.on('close', () => clearInterval(dripping));
}

describe('hostile clients', { skip: !isNative && 'the stand-in is of node:http' }, () => {
  it('some thousand idle connections and heads that drip do not keep others from being served', async () => {
    await withListener(undefined, async (_, port) => {
      const idle = await openConnections(port, IDLE_CONNECTIONS);
      const dripping = await openConnections(port, 200);
      for (const socket of dripping) {
        socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nX: ');
        drip(socket, 'a', 50);
      }
      assert.equal(idle.length, IDLE_CONNECTIONS);
      for (let asked = 0; asked < 5; asked++) {
        await assertServes(port);
        await sleep(20);
      }
      await closeAll([...idle, ...dripping]);
      await assertServes(port);
    });
  });

  it('HTTP/1.0, a request without Host and a target that is no path get no answer', async () => {
    await withListener(undefined, async (listener, port) => {
      // The library takes each for a head that is not whole yet, and closes it when its time is over.
      const unanswered = [
        'GET /health/live HTTP/1.0\r\nHost: x\r\n\r\n',
        'GET /health/live HTTP/1.0\r\n\r\n',
        'GET /health/live HTTP/1.1\r\n\r\n',
        'GET http://x/health/live HTTP/1.1\r\nHost: x\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
      ];
      const got = await Promise.all(unanswered.map((request) => exchange(port, request)));
      assert.deepEqual(
        got.map(({ text }) => text),
        unanswered.map(() => ''),
      );
      assert.deepEqual(listener.reached, []);
      await assertServes(port);
    });
  });

  it('a body that drips is refused when its time is over, however often a byte comes', async () => {
    await withListener({ bodiesBytesMax: 1 << 20, bodyMsMax: 300 }, async (_, port) => {
      const [socket] = (await openConnections(port, 1)) as [net.Socket];
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.write(post('Content-Length: 1000\r\n', '['));
      drip(socket, ' ', 20);
      await assertServes(port);
      await new Promise((resolve) => socket.once('close', resolve));
      assert.match(text, /^HTTP\/1\.1 408 /);
      assert.match(text, /"cause":"TIMED_OUT_REQUEST"/);
    });
  });

  it('bodies that are being received have a common limit, which is free again when they end', async () => {
    const limits = { bodiesBytesMax: 100_000, bodyMsMax: 10_000 };
    await withListener(limits, async (_, port) => {
      const held = await openConnections(port, 3);
      for (const socket of held)
        socket.write(post('Content-Length: 50000\r\n', ' '.repeat(30_000)));
      await sleep(50);
      const long = post('Content-Length: 20000\r\n', `${' '.repeat(20_000 - BODY.length)}${BODY}`);
      const refused = await exchange(port, long, SURE_MS);
      assert.deepEqual([refused.statuses, refused.isClosed], [[503], true]);
      assert.match(refused.text, /"cause":"NF_CONGESTION"/);
      await assertServes(port);
      await closeAll(held);
      for (let tries = 0; ; tries++) {
        const { statuses } = await exchange(port, long, SURE_MS, 1);
        if (statuses[0] === 200) break;
        assert.ok(tries < 50, 'their bytes are free again');
      }
    });
  });

  it('a body that is too long is refused, announced or not, and its connection closed', async () => {
    await withListener(undefined, async (listener, port) => {
      const announced = await exchange(port, post('Content-Length: 999999999\r\n', '['), SURE_MS);
      assert.deepEqual(announced.statuses, [413]);
      const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
      const told = await exchange(
        port,
        post('Transfer-Encoding: chunked\r\n', chunk.repeat(60)),
        SURE_MS,
      );
      assert.deepEqual([told.statuses, told.isClosed], [[413], true]);
      assert.ok(!listener.reached.some((one) => one.startsWith('body')));
      await assertServes(port);
    });
  });

  it('heads that are too long, or have too many fields, get no answer of a resource', async () => {
    await withListener(undefined, async (listener, port) => {
      const heads = [
        `GET /${'a'.repeat(700_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /health/live HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(2_000_000)}\r\n\r\n`,
        `GET /health/live HTTP/1.1\r\n${'X: y\r\n'.repeat(300)}\r\n`,
      ];
      for (const head of heads) {
        const { statuses } = await exchange(port, head);
        assert.ok(!statuses.includes(200));
        await assertServes(port);
      }
      assert.ok(listener.reached.every((one) => one === 'get /health/live'));
    });
  });

  it('a head that comes in pieces is kept up to a bounded length only', async () => {
    await withListener(undefined, async (_, port) => {
      const [socket] = (await openConnections(port, 1)) as [net.Socket];
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nX: ');
      let sent = 0;
      const sending = setInterval(() => {
        sent += 1_000;
        socket.write('a'.repeat(1_000));
      }, 2);
      await closed;
      clearInterval(sending);
      assert.ok(sent < 2_000_000, `${sent} bytes were taken`);
      assert.ok(!text.includes(' 200 '));
    });
  });

  it('bytes that are no UTF-8 are refused as a path, a query and a body', async () => {
    await withListener(undefined, async (_, port) => {
      const start = '/nbchf-routing/v1/';
      for (const target of [
        `${start}routing-info/msisdn-\xff\xfe`,
        `${start}routing-info/msisdn-%ff%fe`,
        `${start}ranges?identity=msisdn&prefix=%ff`,
        `${start}ranges?identity=msisdn&prefix=\xc3\x28`,
        `${start}members/%c3%28`,
        `${start}routes/\xff`,
        `${start}proofs/%e2%82`,
        `${start}changes?since=%ff`,
      ]) {
        const { statuses } = await exchange(
          port,
          `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
          SURE_MS,
          1,
        );
        // Without a ledger there are no streams of changes to ask for.
        assert.ok(
          statuses[0] === 400 || (target.includes('changes') && statuses[0] === 501),
          target,
        );
      }
      for (const body of ['["\xff"', '\xff\xfe["a"]', '["a"]\xc3']) {
        const { statuses } = await exchange(
          port,
          post(`Content-Length: ${body.length}\r\n`, body),
          SURE_MS,
          1,
        );
        assert.deepEqual(statuses, [400]);
      }
    });
  });

  it('a client that goes away in the middle of anything leaves nothing behind', async () => {
    await withListener({ bodiesBytesMax: 60_000, bodyMsMax: 10_000 }, async (_, port) => {
      for (let round = 0; round < 5; round++) {
        const sockets = await openConnections(port, 20);
        for (const [at, socket] of sockets.entries()) {
          if (at % 2 === 0) socket.write('GET /health/li');
          else socket.write(post('Content-Length: 5000\r\n', ' '.repeat(2_500)));
        }
        await sleep(10);
        await closeAll(sockets);
      }
      for (let tries = 0; ; tries++) {
        const whole = post('Content-Length: 12\r\n', BODY);
        if ((await exchange(port, whole, SURE_MS, 1)).statuses[0] === 200) break;
        assert.ok(tries < 50);
      }
    });
  });

  it('a client that does not read a long answer holds up nobody', async () => {
    await withListener(undefined, async (_, port) => {
      const numbers = JSON.stringify(Array.from({ length: 4_000 }, (_, at) => `msisdn-35850${at}`));
      const head = `POST ${BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
      const request = `${head}Content-Length: ${numbers.length}\r\n\r\n${numbers}`;
      const sockets = await openConnections(port, 20);
      for (const socket of sockets) {
        socket.pause();
        socket.write(request);
      }
      await sleep(50);
      for (let asked = 0; asked < 5; asked++) await assertServes(port);
      await closeAll(sockets);
    });
  });
});
