// What a load test asks over ENUM and what it expects: one NAPTR query a datagram, and the check of its answer.
//
// What an answer says of a number is text that the operator's templates decide, so it is checked for
// what every template has: records where an entry is expected, at the network of the expected route,
// and NXDOMAIN or no records where none is.

import { digitsOf } from '../ledger/number.ts';
import { decodeResponse, encodeQuery, QUERY_BYTES_MAX } from '../resolver/enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../resolver/enum/dns-codec.ts';
import { encodeEnumName } from '../resolver/enum/enum-name-codec.ts';
import { LoadtestError } from './load-options.ts';
import type { PooledNumber } from './number-source.ts';
import type { Misfit, OneNumberProtocol } from './one-number-load.ts';

const EDNS = { udpPayloadBytes: 1232, dnssecOk: false };
const HEADER_BYTES = 12;
const RCODE_NOERROR = 0;
const RCODE_NXDOMAIN = 3;

interface EnumRoute {
  id: string;
  plmn: { mcc: string; mnc: string };
}

/**
 * ENUM in a zone. Throws BCHF_LOADTEST_SCENARIO where that is no domain.
 *
 * @param routes those of the population
 */
export function enumProtocol(suffix: string, routes: readonly EnumRoute[]): OneNumberProtocol {
  const zone = encodeName(suffix);
  if (!zone) throw new LoadtestError('BCHF_LOADTEST_SCENARIO', `no domain: ${suffix}`);
  const byId = new Map(routes.map((route) => [route.id, route]));
  return {
    queryBytesMax: QUERY_BYTES_MAX,
    idOffset: 0,
    queryFor: ({ key }) =>
      encodeQuery({
        id: 0,
        name: encodeEnumName(key, zone),
        type: RECORD_TYPE.NAPTR,
        edns: EDNS,
      }),
    isAnswer: (message) => message.length >= HEADER_BYTES,
    judge: (number, answer) => judgeEnum(number, answer, byId),
  };
}

function judgeEnum(
  { key, expected }: PooledNumber,
  message: Uint8Array,
  routes: ReadonlyMap<string, EnumRoute>,
): Misfit | undefined {
  const digits = digitsOf(key);
  const wrong = (what: string): Misfit => ({ isWrong: true, what: `${digits}: ${what}` });
  const failed = (what: string): Misfit => ({ isWrong: false, what: `${digits}: ${what}` });
  const response = decodeResponse(message);
  if (!response) return failed('no DNS response');
  const { rcode, answers } = response;
  if (rcode !== RCODE_NOERROR && rcode !== RCODE_NXDOMAIN) return failed(`rcode ${rcode}`);
  const regexps = answers.flatMap(({ data }) => ('regexp' in data ? [data.regexp] : []));
  if (!expected) return regexps.length === 0 ? undefined : wrong('records for no entry');
  const plmn = routes.get(expected.route)?.plmn;
  const network = `mnc${plmn?.mnc.padStart(3, '0')}.mcc${plmn?.mcc}.`;
  const wanted = `${expected.entry} to route ${expected.route}`;
  if (regexps.length === 0) return wrong(`no records, not ${wanted}`);
  if (regexps.some((regexp) => regexp.includes(network))) return undefined;
  return wrong(`${regexps[0]}, not ${wanted}`);
}
