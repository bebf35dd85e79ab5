// Load over the UDP batch protocol: what its datagrams ask, and the check of every answer.

import { openBatchClient } from '../resolver/udp/batch-client.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  OPERATION_LOOKUP,
  readResponse,
  STATUS_OK,
  writeU32,
} from '../resolver/udp/batch-codec.ts';
import { reaching, runDatagramLoad } from './datagram-load.ts';
import type { LoadOptions } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLoadCounts } from './load-report.ts';
import { createRouteNames } from './route-names.ts';
import { AnswerCheck, prepareDatagrams } from './udp-answers.ts';

/** How long each of five tries to learn a route waits at most. */
const ROUTE_TIMEOUT_MS_MAX = 500;

export interface UdpLoadOptions extends LoadOptions {
  /** Numbers in a datagram, 1 to 128. */
  batch: number;
  /** Datagrams under way on all sockets together in a closed loop, 1 to 1024. */
  inFlight: number;
}

/** Runs a load test; see runDatagramLoad on its errors. */
export async function runUdpLoad(options: UdpLoadOptions): Promise<LoadResult> {
  const { host, port, timeoutMs } = options;
  const prepared = prepareDatagrams(options.pool, options.batch);
  const counts = createLoadCounts();
  const client = await reaching(
    options,
    openBatchClient({
      host,
      port,
      timeoutMs: Math.min(timeoutMs, ROUTE_TIMEOUT_MS_MAX),
      retries: 4,
    }),
  );
  const check = new AnswerCheck(counts, createRouteNames(client));
  const response = createBatchResponse();
  let turn = 0;
  const nextPosition = options.nextPosition ?? (() => turn++);
  return runDatagramLoad(options, {
    counts,
    examples: check.examples,
    tell: (example) => check.tell(example),
    inFlight: options.inFlight,
    protocol: {
      next: () => prepared[nextPosition() % prepared.length]!,
      lookupsEach: prepared[0]!.count,
      idMax: 2 ** 32 - 1,
      bytesMax: BATCH_DATAGRAM_BYTES_MAX,
      writeId: (bytes, id) => writeU32(bytes, 4, id),
      readId: (message) => (readResponse(message, response) ? response.requestId : -1),
      judge(datagram) {
        const isServed = response.status === STATUS_OK && response.operation === OPERATION_LOOKUP;
        if (isServed && response.count === datagram.count) {
          check.check(datagram, response);
        } else {
          counts.errors += datagram.count;
          check.tell(`status ${response.status}, ${response.count} answers`);
        }
      },
      finish: () => check.finish(),
      close: () => client.close(),
    },
  });
}
