// As many idle and dripping connections as this machine lets two processes have, for longer than the time
// after which they are closed. Run by hand: node resolver/bin/test.mjs --slow hostile-clients

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadUWebSockets } from '../http-server.ts';
import { assertServes, closeAll, openConnections, openListener } from './hostile-clients.ts';

const ATTEMPTED = 100_000;
/** Both ends of a connection are files of this process; some are left for what else it has open. */
const filesMax = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
/** Ports of the client's side that the system gives out by default. */
const PORTS_MAX = 28_000;
const CONNECTIONS = Math.min(ATTEMPTED, PORTS_MAX, Math.floor((filesMax - 500) / 2));
/** After some 10 to 12 s without a whole request the library closes a connection. */
const IDLE_MS_MAX = 20_000;

const { isNative } = loadUWebSockets();

describe('as many hostile clients as there can be', { skip: !isNative }, () => {
  it(`${CONNECTIONS} connections, half of them idle, half dripping heads: bounded memory, others are served, all are closed in time`, async (context) => {
    const { server } = await openListener();
    try {
      await attack(server.port, context);
    } finally {
      server.close();
    }
  });
});

async function attack(port: number, context: TestContext): Promise<void> {
  const before = process.memoryUsage().rss;
  const sockets = await openConnections(port, CONNECTIONS);
  context.diagnostic(`${sockets.length} connections were opened`);
  assert.ok(sockets.length > CONNECTIONS * 0.95);
  let closed = 0;
  for (const socket of sockets) {
    socket.once('close', () => {
      closed++;
    });
    socket.resume();
  }
  const dripping = sockets.filter((_, at) => at % 2 === 0);
  for (const socket of dripping) socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nX: ');
  const end = Date.now() + IDLE_MS_MAX;
  let served = 0;
  while (closed < sockets.length && Date.now() < end) {
    for (const socket of dripping) if (!socket.destroyed) socket.write('a');
    await assertServes(port);
    served++;
    await sleep(500);
  }
  const bytes = (process.memoryUsage().rss - before) / sockets.length;
  context.diagnostic(`${Math.round(bytes)} bytes a connection, both of its ends; ${served} others`);
  assert.ok(served > 3);
  assert.equal(closed, sockets.length, 'all were closed in time');
  assert.ok(bytes < 64_000, 'memory is bounded');
  await closeAll(sockets);
  await assertServes(port);
}
