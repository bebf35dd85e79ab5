// HTTP load in an open loop: requests leave on schedule over a pool of kept connections.
//
// autocannon paces by sending each second's requests at once, which no network element does, so this
// loop stands on `node:http`. A request that finds every connection busy waits for one; its latency
// counts from its intended time all the same.

import http from 'node:http';
import { measureUsage } from './generator-usage.ts';
import { pathOf } from './http-answers.ts';
import { createHttpTally } from './http-tally.ts';
import type { LoadOptions } from './load-options.ts';
import { UNDER_WAY_DEFAULT } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import { runPaced } from './pacer.ts';
import type { RatePlan } from './rate-plan.ts';

/** Longest answer that is read; a route and its frame are far below. */
const BODY_BYTES_MAX = 65_536;

export async function runHttpOpenLoad(
  options: LoadOptions & { plan: RatePlan },
): Promise<LoadResult> {
  const { host, port, pool, plan, series, timeoutMs, signal } = options;
  const tally = createHttpTally();
  const { counts } = tally;
  const latencies = createLatencyHistogram();
  const agent = new http.Agent({ keepAlive: true, maxSockets: options.connections });
  const underWayMax = (options.underWayMax ?? UNDER_WAY_DEFAULT) * options.connections;
  const nowMs = () => performance.now();
  let nextNumber = 0;
  let underWay = 0;
  let onIdle = () => {};

  const nextPosition = options.nextPosition ?? (() => nextNumber++ % pool.length);

  function send(intendedMs: number, dueMs: number): void {
    if (underWay >= underWayMax) {
      counts.unsent++;
      return;
    }
    const number = pool[nextPosition()]!;
    counts.sent++;
    series?.sent(dueMs, 1);
    underWay++;
    let isSettled = false;
    const settle = (record: () => void) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      record();
      underWay--;
      if (underWay === 0) onIdle();
    };
    const lose = () =>
      settle(() => {
        counts.lost++;
        series?.lost(dueMs, 1);
      });
    const fail = () => {
      if (!isSettled) counts.transportErrors++;
      lose();
    };
    const request = http.get({ host, port, agent, path: pathOf(number) }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= BODY_BYTES_MAX) return;
        fail();
        request.destroy();
      });
      response.on('error', fail);
      response.on('close', fail);
      response.on('end', () => {
        settle(() => {
          const latencyMs = nowMs() - intendedMs;
          recordMs(latencies, latencyMs);
          series?.answered(dueMs, latencyMs, 1);
          const failedBefore = counts.wrong + counts.errors;
          tally.answer(number, response.statusCode ?? 0, Buffer.concat(chunks).toString());
          if (counts.wrong + counts.errors > failedBefore) series?.failed(dueMs, 1);
        });
      });
    });
    request.on('error', fail);
    const timer = setTimeout(() => {
      lose();
      request.destroy();
    }, timeoutMs);
  }

  const usageSince = measureUsage();
  const { elapsedMs, sendDelays, unsent } = await runPaced({
    plan,
    countMax: options.lookupsMax,
    signal,
    send,
    nowMs,
    defer: setImmediate,
  });
  const usage = usageSince();
  counts.unsent += unsent;
  if (underWay > 0) {
    await new Promise<void>((resolve) => {
      onIdle = resolve;
    });
  }
  agent.destroy();
  return {
    protocol: 'http',
    counts,
    elapsedMs,
    offeredPerSecond: plan.offeredPerSecond,
    latencies: [latencies],
    sendDelays,
    usage,
    examples: tally.examples,
    isInterrupted: signal.aborted,
  };
}
