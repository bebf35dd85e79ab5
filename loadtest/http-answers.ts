// What a load test asks over HTTP and what it expects: the path of a number and the check of its
// answer, `GET /nbchf-routing/v1/routing-info/{ueId}`.

import type { NumberKey } from '../ledger/number.ts';
import { digitsOf, formatUeId } from '../ledger/number.ts';
import type { PooledNumber } from './number-source.ts';

/** The path that asks for a number. */
export function pathOf({ identity, key }: PooledNumber): string {
  return `/nbchf-routing/v1/routing-info/${formatUeId({ identity, key })}`;
}

export type HttpVerdict =
  | { verdict: 'right' }
  /** An answer that is not the expected one. */
  | { verdict: 'wrong'; got: string }
  /** Neither an answer nor "not found". */
  | { verdict: 'error'; got: string };

/** The parts of an answer that are compared; every other one is the server's affair. */
interface RoutingInfo {
  ueId?: unknown;
  match?: { entry?: unknown; from?: unknown; to?: unknown; prefix?: unknown };
  route?: { id?: unknown };
}

/**
 * Compares a response with what is expected: status 200 with the number itself, the winning entry
 * and the route's id, or 404 where there is no entry. A prefix is compared by `match.prefix`, a run
 * and a ported number by `match.from` and `match.to`, all as digits.
 */
export function judgeHttp(number: PooledNumber, status: number, body: string): HttpVerdict {
  const { expected } = number;
  if (status === 404) {
    if (expected === undefined) return isProblem(body) ? { verdict: 'right' } : noProblem;
    return { verdict: 'wrong', got: 'not found' };
  }
  if (status !== 200) return { verdict: 'error', got: `status ${status}` };
  const info = parse(body) as RoutingInfo | undefined;
  if (typeof info !== 'object' || info === null) return { verdict: 'error', got: 'no JSON object' };
  const differences = [
    difference('ueId', info.ueId, formatUeId(number)),
    ...(expected === undefined
      ? ['an entry']
      : [
          difference('entry', info.match?.entry, expected.entry),
          difference('route', info.route?.id, expected.route),
          ...(expected.entry === 'prefix'
            ? [digitsDifference('prefix', info.match?.prefix, expected.from)]
            : [
                digitsDifference('from', info.match?.from, expected.from),
                digitsDifference('to', info.match?.to, expected.to),
              ]),
        ]),
  ].filter((found) => found !== undefined);
  return differences.length === 0
    ? { verdict: 'right' }
    : { verdict: 'wrong', got: differences.join(', ') };
}

const noProblem: HttpVerdict = { verdict: 'error', got: 'a 404 without a problem and its cause' };

/** A 404 of this interface is a problem with a cause (RFC 9457); one of a stray server is not. */
function isProblem(body: string): boolean {
  const problem = parse(body) as { cause?: unknown } | null | undefined;
  return typeof problem?.cause === 'string';
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function difference(name: string, got: unknown, expected: string): string | undefined {
  return got === expected ? undefined : `${name} ${String(got).slice(0, 80)}`;
}

function digitsDifference(name: string, got: unknown, key: NumberKey): string | undefined {
  return difference(name, got, digitsOf(key));
}
