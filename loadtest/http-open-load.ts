// HTTP load in an open loop: requests leave on schedule over a pool of kept connections.
//
// autocannon paces by sending each second's requests at once, which no network element does, and
// Node's own client takes several times as long for a request as the resolver, so this loop stands
// on HttpConnections. A request that finds every connection busy waits for one; its latency counts
// from its intended time all the same.

import { measureUsage } from './generator-usage.ts';
import { pathOf } from './http-answers.ts';
import { HttpConnections } from './http-connections.ts';
import { createHttpTally } from './http-tally.ts';
import type { LoadOptions } from './load-options.ts';
import { UNDER_WAY_DEFAULT } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLatencyHistogram, recordMs } from './load-report.ts';
import { runPaced } from './pacer.ts';
import type { RatePlan } from './rate-plan.ts';

export async function runHttpOpenLoad(
  options: LoadOptions & { plan: RatePlan },
): Promise<LoadResult> {
  const { host, port, pool, plan, series, timeoutMs, signal } = options;
  const tally = createHttpTally();
  const { counts } = tally;
  const latencies = createLatencyHistogram();
  const connections = new HttpConnections({ host, port, connectionsMax: options.connections });
  const underWayMax = (options.underWayMax ?? UNDER_WAY_DEFAULT) * options.connections;
  const nowMs = () => performance.now();
  let nextNumber = 0;
  let underWay = 0;
  let onIdle = () => {};

  const nextPosition = options.nextPosition ?? (() => nextNumber++ % pool.length);

  async function send(intendedMs: number, dueMs: number): Promise<void> {
    if (underWay >= underWayMax) {
      counts.unsent++;
      return;
    }
    const number = pool[nextPosition()]!;
    counts.sent++;
    series?.sent(dueMs, 1);
    underWay++;
    const got = await connections.get(pathOf(number), '', timeoutMs);
    underWay--;
    if (typeof got === 'string') {
      if (got === 'unreachable') counts.transportErrors++;
      counts.lost++;
      series?.lost(dueMs, 1);
    } else {
      const latencyMs = nowMs() - intendedMs;
      recordMs(latencies, latencyMs);
      series?.answered(dueMs, latencyMs, 1);
      const failedBefore = counts.wrong + counts.errors;
      tally.answer(number, got.status, got.body.toString());
      if (counts.wrong + counts.errors > failedBefore) series?.failed(dueMs, 1);
    }
    if (underWay === 0) onIdle();
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
  connections.close();
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
