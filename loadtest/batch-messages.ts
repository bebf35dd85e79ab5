// Datagrams of the UDP batch protocol and the check of their answers, for a generator without sockets of Node:
// it cannot ask for the name of a route in the middle of a run, so all are asked for before.

import { type BatchClient, openBatchClient } from '../resolver/udp/batch-client.ts';
import {
  createBatchResponse,
  NUMBER_OK,
  OPERATION_LOOKUP,
  readResponse,
  STATUS_OK,
} from '../resolver/udp/batch-codec.ts';
import type { DatagramMessages, PacketCheck } from './batch-load.ts';
import { reaching } from './datagram-load.ts';
import type { PooledNumber } from './number-source.ts';
import { createRouteNames, type RouteNames } from './route-names.ts';
import {
  describeAnswer,
  expectationOf,
  HEAD_MASK,
  prepareDatagrams,
  ROUTE_MASK,
} from './udp-answers.ts';

/** Where the request id lies in requests and responses; its low 16 bits are enough here. */
const ID_OFFSET = 4;

/**
 * Throws BCHF_LOADTEST_HOST where nobody answers. A route that the server does not name is wrong in
 * every answer.
 *
 * @param batch numbers in a datagram, 1 to 128
 * @param routeCount routes of the population
 */
export async function batchMessages(
  pool: readonly PooledNumber[],
  batch: number,
  server: { host: string; port: number },
  routeCount: number,
): Promise<DatagramMessages> {
  const client = await reaching(server, openBatchClient({ ...server, retries: 4 }));
  try {
    // One by itself: without a server each of thousands would wait for its time-outs.
    await reaching(server, client.route(0));
    return await messagesBy(client, pool, batch, routeCount);
  } finally {
    await client.close();
  }
}

async function messagesBy(
  client: BatchClient,
  pool: readonly PooledNumber[],
  batch: number,
  routeCount: number,
): Promise<DatagramMessages> {
  const names = createRouteNames(client);
  for (let routeNumber = 0; routeNumber < routeCount; routeNumber++) names.idOf(routeNumber);
  await names.settled();
  const datagrams = prepareDatagrams(pool, batch);
  return {
    messages: datagrams.map(({ bytes }) => bytes),
    idOffset: ID_OFFSET,
    check: createCheck(datagrams, names),
    lookupsEach: datagrams[0]!.count,
  };
}

function createCheck(
  datagrams: ReturnType<typeof prepareDatagrams>,
  names: Pick<RouteNames, 'idOf'>,
): PacketCheck {
  const response = createBatchResponse();
  return (packet, message) => {
    if (!readResponse(message, response)) return 'malformed';
    const { numbers, heads } = datagrams[packet]!;
    const { status, operation, count, numberStatus, answers } = response;
    if (status !== STATUS_OK || operation !== OPERATION_LOOKUP || count !== numbers.length) {
      return `status ${status}, ${count} answers`;
    }
    for (let at = 0; at < count; at++) {
      const answer = answers[at]!;
      const number = numbers[at]!;
      const isHead = numberStatus[at] === NUMBER_OK && (answer & HEAD_MASK) >>> 0 === heads[at];
      const route = number.expected && names.idOf(answer & ROUTE_MASK);
      if (isHead && route === number.expected?.route) continue;
      return `${describeAnswer(answer)}, route ${route}, not ${expectationOf(number)}`;
    }
    return undefined;
  };
}
