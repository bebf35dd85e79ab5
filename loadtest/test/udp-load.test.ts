import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import events from 'node:events';
import { after, describe, test } from 'node:test';
import { OPERATION_LOOKUP, OPERATION_ROUTE } from '../../resolver/udp/batch-codec.ts';
import { createReport, exitCodeOf } from '../load-report.ts';
import { RatePlan } from '../rate-plan.ts';
import type { UdpLoadOptions } from '../udp-load.ts';
import { runUdpLoad } from '../udp-load.ts';
import type { Server } from './load-fixtures.ts';
import { optionsOf, serveUdp, stall } from './load-fixtures.ts';

const servers: Server[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

async function serve(...parameters: Parameters<typeof serveUdp>): Promise<number> {
  const server = await serveUdp(...parameters);
  servers.push(server);
  return server.port;
}

async function reportOf(
  change: Parameters<typeof serveUdp>[0],
  options: Partial<UdpLoadOptions> = {},
) {
  const port = await serve(change);
  const lookups = options.lookupsMax ?? 6000;
  const defaults = { ...optionsOf(port, lookups), batch: 20, inFlight: 8, timeoutMs: 2000 };
  return createReport(await runUdpLoad({ ...defaults, ...options }));
}

/** Applies a change to the first lookup of one server only. */
function once(
  change: (response: Uint8Array, bytes: number) => number,
): Parameters<typeof serveUdp>[0] {
  let isDone = false;
  return (message: Uint8Array, response: Uint8Array, bytes: number) => {
    if (isDone || message[3] !== OPERATION_LOOKUP) return bytes;
    isDone = true;
    return change(response, bytes);
  };
}

describe('the UDP load test', () => {
  test('verifies every answer of a right server, in a closed loop', async () => {
    const report = await reportOf(undefined);
    const { sent, answered, wrong, lost, errors, unverified } = report.counts;
    assert.deepEqual(report.examples, []);
    assert.deepEqual([sent, answered, wrong, lost, errors, unverified], [6000, 6000, 0, 0, 0, 0]);
    assert.equal(report.counts.responses, 300);
    assert.equal(report.verdict, 'ok');
    assert.equal(exitCodeOf(report), 0);
    assert.equal(report.offeredPerSecond, null);
    assert.equal(report.latencyFrom, 'send-time');
    assert.ok(report.latencyUs.p50 > 0 && report.latencyUs.p50 <= report.latencyUs.max);
  });

  test('the same in an open loop, with latency from the intended time', async () => {
    const report = await reportOf(undefined, {
      plan: RatePlan.constant(40_000, 10_000),
      lookupsMax: 4000,
    });
    assert.equal(report.counts.answered, 4000);
    assert.equal(report.verdict, 'ok');
    assert.equal(report.offeredPerSecond, 40_000);
    assert.equal(report.latencyFrom, 'intended-send-time');
    assert.notEqual(report.generator.sendDelayP99Us, null);
  });

  test('a stall shows in the latency of all that was due meanwhile, in an open loop', async () => {
    let seen = 0;
    const report = await reportOf(
      (_, __, bytes) => {
        if (++seen === 300) stall(300);
        return bytes;
      },
      { plan: RatePlan.constant(20_000, 10_000), lookupsMax: 20_000, timeoutMs: 10_000 },
    );
    // What is sent in one burst after the stall may overflow a buffer of the system.
    assert.ok(report.counts.answered >= 19_000);
    // Of 1000 datagrams 300 are due in the stall; counted from sending, a single one would be slow.
    assert.ok(report.latencyUs.p90 > 100_000);
    assert.ok(report.generator.isBottleneck);
  });

  test('a changed match kind is one wrong answer', async () => {
    const report = await reportOf(
      once((response, bytes) => {
        response[33] = 2;
        return bytes;
      }),
    );
    assert.equal(report.counts.wrong, 1);
    assert.equal(exitCodeOf(report), 3);
    assert.equal(report.examples.length, 1);
  });

  test('another route is a wrong answer, though its id is learnt only later', async () => {
    const report = await reportOf(
      once((response, bytes) => {
        response[36] = response[36]! ^ 1;
        return bytes;
      }),
    );
    assert.equal(report.counts.wrong, 1);
    assert.equal(exitCodeOf(report), 3);
  });

  test('"not found" for a known number and "malformed" are wrong answers', async () => {
    const report = await reportOf(
      once((response, bytes) => {
        response.fill(0, 32, 40);
        response.fill(0, 40, 48);
        response[40] = 1;
        return bytes;
      }),
    );
    assert.equal(report.counts.wrong, 2);
  });

  test('a route without details leaves its answers unverified', async () => {
    const report = await reportOf(
      once((response, bytes) => {
        response[38] = 1;
        return bytes;
      }),
    );
    assert.equal(report.counts.unverified, 1);
    assert.equal(exitCodeOf(report), 4);
  });

  test('a dropped response is a loss of all its numbers', async () => {
    const report = await reportOf(
      once(() => 0),
      { timeoutMs: 300 },
    );
    assert.equal(report.counts.lost, 20);
    assert.equal(report.counts.answered, 5980);
    assert.equal(exitCodeOf(report), 4);
  });

  test('a refusal is an error of all its numbers', async () => {
    const report = await reportOf(
      once((response) => {
        response[8] = 3;
        response[9] = 0;
        return 32;
      }),
    );
    assert.equal(report.counts.errors, 20);
    assert.equal(exitCodeOf(report), 4);
  });

  test('lost route details are asked for again', async () => {
    const lostRoutes = new Set<number>();
    const report = await reportOf((message, _, bytes) => {
      const routeNumber = message[12]!;
      if (message[3] !== OPERATION_ROUTE || lostRoutes.has(routeNumber)) return bytes;
      lostRoutes.add(routeNumber);
      return 0;
    });
    assert.ok(lostRoutes.size > 50);
    assert.equal(report.counts.unverified, 0);
    assert.equal(report.verdict, 'ok');
  });

  test('a server that never tells route details leaves answers unverified', async () => {
    const report = await reportOf(
      (message, _, bytes) => (message[3] === OPERATION_ROUTE ? 0 : bytes),
      { timeoutMs: 40, lookupsMax: 1000 },
    );
    assert.ok(report.counts.unverified > 0);
    assert.equal(report.counts.wrong, 0);
    assert.equal(exitCodeOf(report), 4);
  });

  test('a changed route table is learnt anew', async () => {
    let lookups = 0;
    const asked = new Map<number, number>();
    const report = await reportOf((message, response, bytes) => {
      if (message[3] === OPERATION_ROUTE && bytes > 32) {
        asked.set(message[12]!, (asked.get(message[12]!) ?? 0) + 1);
      }
      if (message[3] === OPERATION_LOOKUP) lookups++;
      response[24] = lookups <= 150 ? 1 : 2;
      return bytes;
    });
    assert.equal(report.verdict, 'ok');
    assert.ok([...asked.values()].some((times) => times > 1));
  });

  test('what is due while too much is under way is left unsent and told', async () => {
    const report = await reportOf(() => 0, {
      plan: RatePlan.constant(1e6, 10_000),
      lookupsMax: 2000,
      timeoutMs: 600,
      underWayMax: 8,
    });
    assert.equal(report.counts.lost, 2 * 8 * 20);
    assert.equal(report.counts.unsent, 2000 - 2 * 8 * 20);
    assert.ok(!report.generator.isBottleneck, 'nobody answered');
  });

  test('what comes after its time-out stays lost and is counted as late', async () => {
    const late: (() => void)[] = [];
    let replies = 0;
    const socket = dgram.createSocket('udp4');
    socket.on('message', (message, { port, address }) => {
      // A well-formed refusal, only too late: its status does not matter.
      const refusal = new Uint8Array(32);
      refusal.set([0x42, 0x61, 1, message[3]!, ...message.subarray(4, 8), 3]);
      late.push(() => socket.send(refusal, port, address));
      if (++replies === 2) late[0]!();
    });
    socket.bind(0, '127.0.0.1');
    await events.once(socket, 'listening');
    const options = {
      ...optionsOf(socket.address().port, 40),
      connections: 1,
      batch: 20,
      inFlight: 1,
      timeoutMs: 100,
    };
    const report = createReport(await runUdpLoad(options));
    socket.close();
    assert.equal(report.counts.lost, 40);
    assert.equal(report.counts.lateResponses, 1);
  });

  test('a server that never answers ends in losses, not in waiting', async () => {
    const report = await reportOf(() => 0, { lookupsMax: 200, timeoutMs: 50 });
    assert.equal(report.counts.lost, 200);
    assert.equal(report.counts.answered, 0);
    assert.equal(exitCodeOf(report), 4);
  });

  test('an interruption ends the run with what was measured', async () => {
    const interruption = new AbortController();
    let seen = 0;
    const report = await reportOf(
      (_, __, bytes) => {
        if (seen++ === 100) interruption.abort();
        return bytes;
      },
      { lookupsMax: Number.POSITIVE_INFINITY, signal: interruption.signal, ...poolOf(1000) },
    );
    assert.ok(report.isInterrupted);
    assert.ok(report.counts.answered > 0);
    assert.equal(report.counts.sent, report.counts.answered);
    assert.equal(report.verdict, 'ok');
  });

  test('time bounds a run without a count', async () => {
    const report = await reportOf(undefined, {
      lookupsMax: Number.POSITIVE_INFINITY,
      durationMs: 50,
      ...poolOf(1000),
    });
    assert.ok(report.counts.answered > 0);
    assert.equal(report.verdict, 'ok');
  });
});

function poolOf(lookups: number) {
  return { pool: optionsOf(1, lookups).pool };
}
