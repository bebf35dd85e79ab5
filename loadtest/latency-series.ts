// Latencies by the second in which their requests were due, so that a run can be told over time, by
// phase and as a whole. Each is a merge of the seconds' histograms, never of their percentiles.
//
// Two significant digits keep a second at 10 KB: what is read off a curve needs no third.

import type { Histogram } from 'hdr-histogram-js';
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';

/** Latencies are recorded from 1 µs to a minute. */
export const LATENCY_US_MAX = 60_000_000;

/** What one second of a stream came to. */
export interface SeriesSecond {
  /** Requests that were due and sent. */
  sent: number;
  answered: number;
  lost: number;
  /** Wrong, or no answer at all. */
  failed: number;
  latencies: Histogram;
}

/** A second in the form in which threads pass it on. */
export type EncodedSecond = [
  sent: number,
  answered: number,
  lost: number,
  failed: number,
  latencies: string,
];

export function createSeriesHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LATENCY_US_MAX,
    numberOfSignificantValueDigits: 2,
  });
}

export class LatencySeries {
  readonly seconds: SeriesSecond[] = [];

  /** The second of a time after the begin of the run. */
  at(ms: number): SeriesSecond {
    const second = Math.max(0, Math.floor(ms / 1000));
    while (this.seconds.length <= second) this.seconds.push(emptySecond());
    return this.seconds[second]!;
  }

  sent(dueMs: number, count: number): void {
    this.at(dueMs).sent += count;
  }

  /** One response with so many answers. */
  answered(dueMs: number, latencyMs: number, count: number): void {
    const second = this.at(dueMs);
    second.answered += count;
    const latencyUs = Math.round(latencyMs * 1000);
    second.latencies.recordValue(Math.min(Math.max(latencyUs, 1), LATENCY_US_MAX));
  }

  lost(dueMs: number, count: number): void {
    this.at(dueMs).lost += count;
  }

  failed(dueMs: number, count: number): void {
    this.at(dueMs).failed += count;
  }

  /** Adds another series, second by second. */
  add(other: LatencySeries): void {
    other.seconds.forEach((second, at) => {
      addSecond(this.at(at * 1000), second);
    });
  }

  /** All that was due from a second on and before another. */
  sum(fromSecond: number, toSecond: number): SeriesSecond {
    const total = emptySecond();
    for (const second of this.seconds.slice(fromSecond, toSecond)) addSecond(total, second);
    return total;
  }

  encode(): EncodedSecond[] {
    return this.seconds.map(({ sent, answered, lost, failed, latencies }) => [
      sent,
      answered,
      lost,
      failed,
      encodeIntoCompressedBase64(latencies),
    ]);
  }

  static decode(encoded: readonly EncodedSecond[]): LatencySeries {
    const series = new LatencySeries();
    for (const [sent, answered, lost, failed, latencies] of encoded) {
      const histogram = decodeFromCompressedBase64(latencies) as Histogram;
      series.seconds.push({ sent, answered, lost, failed, latencies: histogram });
    }
    return series;
  }
}

function emptySecond(): SeriesSecond {
  return { sent: 0, answered: 0, lost: 0, failed: 0, latencies: createSeriesHistogram() };
}

/** Adds one second's counts and latencies to another's. */
export function addSecond(
  sum: SeriesSecond,
  { sent, answered, lost, failed, latencies }: SeriesSecond,
): void {
  sum.sent += sent;
  sum.answered += answered;
  sum.lost += lost;
  sum.failed += failed;
  sum.latencies.add(latencies);
}
