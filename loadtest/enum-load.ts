// Load over ENUM: one NAPTR query a datagram, and the check of every answer.
//
// What an answer says of a number is text that the operator's templates decide, so it is checked for
// what every template has: records where an entry is expected, at the network of the expected route,
// and NXDOMAIN or no records where none is.

import { digitsOf } from '../ledger/number.ts';
import { decodeResponse, encodeQuery, QUERY_BYTES_MAX } from '../resolver/enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../resolver/enum/dns-codec.ts';
import { encodeEnumName } from '../resolver/enum/enum-name-codec.ts';
import type { PacketCheck } from './batch-load.ts';
import { type Datagram, runDatagramLoad } from './datagram-load.ts';
import type { LoadOptions } from './load-options.ts';
import { LoadtestError } from './load-options.ts';
import type { LoadResult } from './load-report.ts';
import { createLoadCounts, EXAMPLES_MAX } from './load-report.ts';
import type { PooledNumber } from './number-source.ts';

const EDNS = { udpPayloadBytes: 1232, dnssecOk: false };
const RCODE_NOERROR = 0;
const RCODE_NXDOMAIN = 3;

interface RouteNetwork {
  plmn: { mcc: string; mnc: string };
}

export interface EnumLoadOptions extends LoadOptions {
  /** Domain of the zone. */
  suffix: string;
  /** The routes of the population by id. */
  routes: ReadonlyMap<string, RouteNetwork>;
  inFlight: number;
}

interface Query extends Datagram {
  number: PooledNumber;
}

/** Runs a load test; see runDatagramLoad on its errors. The pool has MSISDNs only. */
export async function runEnumLoad(options: EnumLoadOptions): Promise<LoadResult> {
  const { pool, suffix, routes } = options;
  const zone = zoneOf(suffix);
  const counts = createLoadCounts();
  const examples: string[] = [];
  let turn = 0;
  const nextPosition = options.nextPosition ?? (() => turn++ % pool.length);
  const tell = (example: string) => {
    if (examples.length < EXAMPLES_MAX) examples.push(example);
  };
  const queries: (Query | undefined)[] = new Array(pool.length);
  const queryAt = (position: number): Query => {
    const number = pool[position]!;
    return { bytes: queryFor(number, zone), count: 1, number };
  };
  return runDatagramLoad<Query>(options, {
    counts,
    examples,
    tell,
    inFlight: options.inFlight,
    protocol: {
      next() {
        const position = nextPosition();
        queries[position] ??= queryAt(position);
        return queries[position];
      },
      lookupsEach: 1,
      idMax: 0xffff,
      bytesMax: QUERY_BYTES_MAX,
      writeId(bytes, id) {
        bytes[0] = id >>> 8;
        bytes[1] = id;
      },
      readId: (message) => (message.length < 12 ? -1 : (message[0]! << 8) | message[1]!),
      judge({ number }, message) {
        const got = judgeEnum(number, message, routes);
        if (got === undefined) return;
        if (got.isWrong) counts.wrong++;
        else counts.errors++;
        tell(`${digitsOf(number.key)}: ${got.what}`);
      },
      finish: async () => {},
      close: async () => {},
    },
  });
}

/** Queries for numbers as messages, and the check of their answers, for a generator without sockets of Node. */
export function enumMessages(
  pool: readonly PooledNumber[],
  suffix: string,
  routes: readonly (RouteNetwork & { id: string })[],
): { messages: Uint8Array[]; idOffset: number; check: PacketCheck } {
  const zone = zoneOf(suffix);
  const byId = new Map(routes.map((route) => [route.id, route]));
  return {
    messages: pool.map((number) => queryFor(number, zone)),
    idOffset: 0,
    check: (packet, response) => judgeEnum(pool[packet]!, response, byId)?.what,
  };
}

function zoneOf(suffix: string): Uint8Array {
  const zone = encodeName(suffix);
  if (!zone) throw new LoadtestError('BCHF_LOADTEST_SCENARIO', `no domain: ${suffix}`);
  return zone;
}

function queryFor({ key }: PooledNumber, zone: Uint8Array): Uint8Array {
  const name = encodeEnumName(key, zone);
  return encodeQuery({ id: 0, name, type: RECORD_TYPE.NAPTR, edns: EDNS });
}

/** What is not as expected in a response; `undefined` where all is. */
export function judgeEnum(
  { expected }: PooledNumber,
  message: Uint8Array,
  routes: EnumLoadOptions['routes'],
): { isWrong: boolean; what: string } | undefined {
  const response = decodeResponse(message);
  if (!response) return { isWrong: false, what: 'no DNS response' };
  const { rcode, answers } = response;
  if (rcode !== RCODE_NOERROR && rcode !== RCODE_NXDOMAIN) {
    return { isWrong: false, what: `rcode ${rcode}` };
  }
  const regexps = answers.flatMap(({ data }) => ('regexp' in data ? [data.regexp] : []));
  if (!expected) {
    return regexps.length === 0 ? undefined : { isWrong: true, what: 'records for no entry' };
  }
  const plmn = routes.get(expected.route)?.plmn;
  const network = `mnc${plmn?.mnc.padStart(3, '0')}.mcc${plmn?.mcc}.`;
  const wanted = `${expected.entry} to route ${expected.route}`;
  if (regexps.length === 0) return { isWrong: true, what: `no records, not ${wanted}` };
  return regexps.some((regexp) => regexp.includes(network))
    ? undefined
    : { isWrong: true, what: `${regexps[0]}, not ${wanted}` };
}
