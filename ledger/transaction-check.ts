// What can be said about a transaction's body without knowing the state: syntax, order, amounts.

import { z } from 'zod';
import { isNumberKey, lengthOf, type NumberKey } from './number.ts';
import { MEMBER_NAME_BYTES_MAX, MEMBER_PLMNS_MAX } from './record-codec.ts';
import { ID_PATTERN } from './route.ts';
import { plmnSchema, routeSchema } from './route-schema.ts';
import {
  type ChangeRoute,
  ITEMS_MAX,
  type KeyRange,
  type TransactionBody,
} from './transaction-body.ts';
import type { RejectionCode } from './transaction-code.ts';
import { type CreatePricingContract, PERIOD_MS_MAX, PRICE_MAX } from './transaction-money.ts';
import type { Parameters } from './transaction-proposal.ts';
import {
  ROAMING_SERVICES,
  type RoamingPrice,
  type RoamingUsage,
  UNITS_MAX,
} from './transaction-roaming.ts';

const memberSchema = z.strictObject({
  id: routeSchema.shape.id,
  name: z
    .string()
    .min(1)
    .refine((name) => Buffer.byteLength(name, 'utf8') <= MEMBER_NAME_BYTES_MAX),
  publicKey: z.instanceof(Uint8Array).refine((key) => key.length === 32),
  plmns: z.array(plmnSchema).max(MEMBER_PLMNS_MAX),
});

/**
 * Why a body is refused whatever the state; `undefined` when nothing speaks against it.
 *
 * Items stand in strictly ascending order, so that one content has one form: numbers, ranges (which
 * may touch but not overlap), the prefixes of one assignment. The ids of members and of routes occur
 * once.
 */
export function checkBody(body: TransactionBody): RejectionCode | undefined {
  switch (body.kind) {
    case 'admit-members':
      return checkRecords(body.members, memberSchema);
    case 'declare-routes':
      return checkId(body.member) ?? checkRecords(body.routes, routeSchema);
    case 'assign-prefixes':
      return checkAssignments(body.assignments);
    case 'inject-pool':
      return (
        checkId(body.member) ?? checkId(body.contract ?? body.member) ?? checkRanges(body.ranges)
      );
    case 'allocate':
      return (
        checkId(body.member) ??
        checkId(body.route) ??
        checkAmount(body.settlement ?? 0) ??
        checkRanges(body.ranges)
      );
    case 'port':
      if (body.donor === body.recipient) return 'BCHF_TX_SAME_MEMBER';
      return (
        checkId(body.donor) ??
        checkId(body.recipient) ??
        checkId(body.route) ??
        checkNumbers(body.numbers)
      );
    case 'transfer':
      if (body.transferor === body.recipient) return 'BCHF_TX_SAME_MEMBER';
      return (
        checkId(body.transferor) ??
        checkId(body.recipient) ??
        checkId(body.route) ??
        checkAmount(body.price ?? 0) ??
        checkAmount(body.settlement ?? 0) ??
        checkRanges(body.ranges)
      );
    case 'change-route':
      return checkId(body.member) ?? checkId(body.route) ?? checkChangeRoute(body);
    case 'release':
      return checkId(body.member) ?? checkRanges(body.ranges);
    case 'create-pricing-contract':
      return checkPricing(body);
    case 'deposit':
    case 'withdraw':
      return checkId(body.member) ?? checkAmount(body.amount, 1);
    case 'settle-occupation':
      return checkId(body.member) ?? checkId(body.contract) ?? checkId(body.occupant);
    case 'register-roaming-contract':
      return checkId(body.member) ?? checkId(body.name) ?? checkPrices(body.prices);
    case 'report-roaming-usage':
      return checkId(body.member) ?? checkUsage(body.usage);
    case 'settle-roaming':
      if (body.home === body.visited) return 'BCHF_TX_SAME_MEMBER';
      return checkId(body.home) ?? checkId(body.visited) ?? checkAmount(body.amount, 1);
    case 'register-terminal-keys':
    case 'rotate-terminal-keys':
      return checkId(body.member) ?? checkNumbers(body.keys.map(({ number }) => number));
    case 'revoke-terminal-keys':
      return checkId(body.member) ?? checkNumbers(body.numbers);
    case 'join-member':
      return checkRecords([body.member], memberSchema) ?? checkApprovers(body.approvers);
    case 'leave-member':
      return checkId(body.member) ?? checkApprovers(body.approvers);
    case 'rotate-member-key':
      return checkId(body.member) ?? checkApprovers(body.approvers);
    case 'grant-prefixes':
      return checkAssignments(body.assignments) ?? checkApprovers(body.approvers);
    case 'change-parameters':
      return checkParameters(body.parameters) ?? checkApprovers(body.approvers);
  }
}

/** How many items a body has, of whatever sort; approvers are none. */
export function itemCount(body: TransactionBody): number {
  if ('assignments' in body) {
    return body.assignments.reduce((sum, { prefixes }) => sum + prefixes.length, 0);
  }
  let count = 0;
  for (const [name, value] of Object.entries(body)) {
    if (Array.isArray(value) && name !== 'approvers') count += value.length;
  }
  return count;
}

function checkPricing(body: CreatePricingContract): RejectionCode | undefined {
  const { tariffs, ranges, periodMs, price, transferFee } = body;
  if (tariffs.length + ranges.length > ITEMS_MAX) return 'BCHF_TX_TOO_MANY_ITEMS';
  const prefixes = tariffs.map(({ prefix }) => prefix);
  return (
    checkId(body.member) ??
    checkId(body.contract) ??
    checkAmount(periodMs, 1, PERIOD_MS_MAX) ??
    checkAmount(price, 0, PRICE_MAX) ??
    checkAmount(transferFee, 0, PRICE_MAX) ??
    tariffs
      .map((tariff) => checkAmount(tariff.price, 0, PRICE_MAX))
      .find((code) => code !== undefined) ??
    (tariffs.length > 0 ? checkNumbers(prefixes) : undefined) ??
    (ranges.length > 0 ? checkRanges(ranges) : undefined)
  );
}

function checkApprovers(approvers: readonly string[]): RejectionCode | undefined {
  if (approvers.length === 0) return 'BCHF_TX_MALFORMED';
  let previous = '';
  for (const id of approvers) {
    const code = checkId(id);
    if (code) return code;
    if (id <= previous) return 'BCHF_TX_NOT_ASCENDING';
    previous = id;
  }
  return undefined;
}

function checkParameters(parameters: Parameters): RejectionCode | undefined {
  const { itemsMax, numbersMax, periodMsMin, purchaser } = parameters;
  return (
    checkAmount(itemsMax, 1, ITEMS_MAX) ??
    checkAmount(numbersMax, 1) ??
    checkAmount(periodMsMin, 1, PERIOD_MS_MAX) ??
    (purchaser === '' ? undefined : checkId(purchaser))
  );
}

function checkPrices(prices: readonly RoamingPrice[]): RejectionCode | undefined {
  if (prices.length === 0) return 'BCHF_TX_MALFORMED';
  let previous = -1;
  for (const { service, price } of prices) {
    const code = checkAmount(price, 0, PRICE_MAX);
    if (code) return code;
    const place = ROAMING_SERVICES.indexOf(service);
    if (place <= previous) return 'BCHF_TX_NOT_ASCENDING';
    previous = place;
  }
  return undefined;
}

function checkUsage(usage: readonly RoamingUsage[]): RejectionCode | undefined {
  if (usage.length === 0) return 'BCHF_TX_MALFORMED';
  let previous = { number: 0, place: 0 };
  for (const { number, service, units } of usage) {
    if (!isNumberKey(number)) return 'BCHF_TX_MALFORMED_NUMBER';
    const code = checkAmount(units, 1, UNITS_MAX);
    if (code) return code;
    const place = ROAMING_SERVICES.indexOf(service);
    const isSame = number === previous.number;
    if (number < previous.number || (isSame && place <= previous.place)) {
      return 'BCHF_TX_NOT_ASCENDING';
    }
    previous = { number, place };
  }
  return undefined;
}

/** A whole number of the smallest unit of money, or of milliseconds. */
function checkAmount(
  amount: number,
  amountMin = 0,
  amountMax = Number.MAX_SAFE_INTEGER,
): RejectionCode | undefined {
  return Number.isInteger(amount) && amount >= amountMin && amount <= amountMax
    ? undefined
    : 'BCHF_TX_MALFORMED';
}

function checkChangeRoute({ prefixes, ranges, numbers }: ChangeRoute): RejectionCode | undefined {
  const count = prefixes.length + ranges.length + numbers.length;
  if (count === 0) return 'BCHF_TX_MALFORMED';
  if (count > ITEMS_MAX) return 'BCHF_TX_TOO_MANY_ITEMS';
  return (
    (prefixes.length > 0 ? checkNumbers(prefixes) : undefined) ??
    (ranges.length > 0 ? checkRanges(ranges) : undefined) ??
    (numbers.length > 0 ? checkNumbers(numbers) : undefined)
  );
}

function checkId(id: string): RejectionCode | undefined {
  // Not by the schema: every transaction has several, and a schema's answer is an object.
  return ID_PATTERN.test(id) ? undefined : 'BCHF_TX_MALFORMED';
}

function checkRecords(records: readonly { id: string }[], schema: z.ZodType) {
  const ids = new Set(records.map(({ id }) => id));
  const isRight =
    records.length > 0 &&
    ids.size === records.length &&
    records.every((record) => schema.safeParse(record).success);
  return isRight ? undefined : 'BCHF_TX_MALFORMED';
}

function checkAssignments(
  assignments: readonly { prefixes: NumberKey[]; route: string }[],
): RejectionCode | undefined {
  if (assignments.length === 0) return 'BCHF_TX_MALFORMED';
  const seen = new Set<NumberKey>();
  let count = 0;
  for (const { route, prefixes } of assignments) {
    count += prefixes.length;
    if (count > ITEMS_MAX) return 'BCHF_TX_TOO_MANY_ITEMS';
    const code = checkId(route) ?? checkNumbers(prefixes);
    if (code) return code;
    for (const prefix of prefixes) seen.add(prefix);
  }
  return seen.size === count ? undefined : 'BCHF_TX_OVERLAPPING_RANGES';
}

function checkNumbers(numbers: readonly NumberKey[]): RejectionCode | undefined {
  if (numbers.length === 0) return 'BCHF_TX_MALFORMED';
  let previous = 0;
  for (const number of numbers) {
    if (!isNumberKey(number)) return 'BCHF_TX_MALFORMED_NUMBER';
    if (number <= previous) return 'BCHF_TX_NOT_ASCENDING';
    previous = number;
  }
  return undefined;
}

function checkRanges(ranges: readonly KeyRange[]): RejectionCode | undefined {
  if (ranges.length === 0) return 'BCHF_TX_MALFORMED';
  let previous: KeyRange = { from: 0, to: 0 };
  for (const range of ranges) {
    const { from, to } = range;
    if (!isNumberKey(from) || !isNumberKey(to) || lengthOf(from) !== lengthOf(to)) {
      return 'BCHF_TX_MALFORMED_NUMBER';
    }
    if (from > to || from < previous.from) return 'BCHF_TX_NOT_ASCENDING';
    if (from <= previous.to) return 'BCHF_TX_OVERLAPPING_RANGES';
    previous = range;
  }
  return undefined;
}
