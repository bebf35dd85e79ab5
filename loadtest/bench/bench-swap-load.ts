// The load under which the bench `snapshot` swaps: datagrams of the UDP batch protocol, of which each
// answer is held against the content whose height it carries.

import { build, type Histogram } from 'hdr-histogram-js';
import type { BchfServer } from '../../resolver/test/bchf-process.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  readResponse,
  STATUS_OK,
  writeU32,
} from '../../resolver/udp/batch-codec.ts';
import { type Datagram, runDatagramLoad } from '../datagram-load.ts';
import { createLoadCounts, type LoadCounts } from '../load-report.ts';
import { RatePlan } from '../rate-plan.ts';

/** Numbers in a datagram. */
export const NUMBERS = 100;
const IN_FLIGHT = 64;
/** A socket's buffer holds some 200 answers: with one, a pause of the generator would look like a loss. */
const SOCKETS = 16;

export interface Asked extends Datagram {
  /** The right answers, by the height of the content. */
  expected: Map<number, Uint32Array>;
}

export interface LoadRun {
  counts: LoadCounts;
  elapsedMs: number;
  latencies: Histogram;
}

/** Wrong, refused or lost. */
export function failedOf({ wrong, errors, lost, transportErrors }: LoadCounts): number {
  return wrong + errors + lost + transportErrors;
}

export function merged(histograms: readonly Histogram[]): Histogram {
  const all = build({
    ...{ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 },
    numberOfSignificantValueDigits: 3,
  });
  for (const one of histograms) all.add(one);
  return all;
}

/** Asks for a time, or until the signal. @param rate datagrams a second; absent for as many as are answered */
export async function runLoad(
  server: BchfServer,
  asked: readonly Asked[],
  rate: number | undefined,
  durationMs: number,
  signal = new AbortController().signal,
): Promise<LoadRun> {
  const counts = createLoadCounts();
  const examples: string[] = [];
  const response = createBatchResponse();
  let next = 0;
  // A plan is one of look-ups.
  const plan = rate === undefined ? undefined : RatePlan.constant(rate * NUMBERS, durationMs);
  const { elapsedMs, latencies } = await runDatagramLoad(
    {
      ...{ host: '127.0.0.1', port: server.ports.batch, pool: [], durationMs, plan, signal },
      ...{ lookupsMax: Number.POSITIVE_INFINITY, connections: SOCKETS, timeoutMs: 2000 },
    },
    {
      counts,
      examples,
      tell: (example) => examples.push(example),
      inFlight: IN_FLIGHT,
      protocol: {
        next: () => asked[next++ % asked.length]!,
        lookupsEach: NUMBERS,
        idMax: 2 ** 32 - 1,
        bytesMax: BATCH_DATAGRAM_BYTES_MAX,
        writeId: (bytes, id) => writeU32(bytes, 4, id),
        readId: (message) => (readResponse(message, response) ? response.requestId : -1),
        judge({ expected }) {
          const right = expected.get(response.height);
          if (response.status !== STATUS_OK || response.count !== NUMBERS || !right) {
            counts.errors += NUMBERS;
            return;
          }
          for (let at = 0; at < NUMBERS; at++) {
            if (response.answers[at] !== right[at]) counts.wrong++;
          }
        },
        finish: async () => {},
        close: async () => {},
      },
    },
  );
  return { counts, elapsedMs, latencies: merged(latencies) };
}
