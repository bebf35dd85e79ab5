// The kinds of transaction: the byte of each, its SSZ container field by field, and how many sign.
//
// A container begins with `sequence` u64 and `validUntilMs` u64 (0: no end), then come the fields of
// the body in the order in which they stand here. Kinds are only added, fields never change places.

import {
  ByteVectorType,
  type CompositeType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  type Type,
} from '@chainsafe/ssz';
import { PUBLIC_KEY_BYTES } from './ed25519.ts';
import { IDENTITIES, type Identity, type NumberKey } from './number.ts';
import {
  bytesOf,
  hexOf,
  idType,
  memberOf,
  memberType,
  memberValue,
  parametersOf,
  parametersType,
  parametersValue,
  pricingFields,
  roamingFields,
  roamingPriceOf,
  roamingPriceValue,
  roamingServiceOf,
  routeOf,
  routeType,
  routeValue,
  textOf,
  uint8,
  uint64,
} from './record-codec.ts';
import type { Route } from './route.ts';
import {
  ITEMS_MAX,
  type KeyRange,
  type MemberRecord,
  type PrefixAssignment,
  type TransactionBody,
} from './transaction-body.ts';
import type { Tariff } from './transaction-money.ts';
import type { Parameters } from './transaction-proposal.ts';
import { ROAMING_SERVICES, type RoamingPrice, type RoamingUsage } from './transaction-roaming.ts';
import type { TerminalKey } from './transaction-terminal.ts';

/** What stands in front of every body. */
export interface TransactionHead {
  sequence: number;
  /** Milliseconds since 1970 of the last block that may hold it; 0 without an end. */
  validUntilMs: number;
}

/** One kind of transaction: its kind byte and the way between container and body. */
export interface KindCodec {
  kind: TransactionBody['kind'];
  byte: number;
  /**
   * How many sign. For proposals, the approvers do, as many as the bytes say; where a proposal brings in
   * a key, that signs behind them.
   */
  signatures: number | 'approvers' | 'approvers and new key';
  encode(body: TransactionBody, head: TransactionHead): Uint8Array;
  /** Throws where the bytes are no container of this kind. */
  decode(bytes: Uint8Array): TransactionHead & { body: TransactionBody };
}

/** One field of a body: its SSZ type, and the way between what is said and what SSZ holds. */
interface Field<T> {
  type: Type<unknown>;
  toValue(said: T): unknown;
  toSaid(value: unknown): T;
}

function field<T, V>(type: Type<V>, toValue: (said: T) => V, toSaid: (value: V) => T): Field<T> {
  return { type, toValue, toSaid } as unknown as Field<T>;
}

/** A field that SSZ holds as it is said. */
function plain<T>(type: Type<T>): Field<T> {
  return field<T, T>(
    type,
    (said) => said,
    (value) => value,
  );
}

function listOf<T, V>(
  type: CompositeType<V, unknown, unknown>,
  toValue: (said: T) => V,
  toSaid: (value: V) => T,
): Field<T[]> {
  return field<T[], V[]>(
    new ListCompositeType(type, ITEMS_MAX) as unknown as Type<V[]>,
    (said) => said.map(toValue),
    (values) => values.map(toSaid),
  );
}

const id = field<string, Uint8Array>(idType, bytesOf, textOf);
const identity = field<Identity, number>(
  uint8,
  (said) => IDENTITIES.indexOf(said),
  (byte) => {
    const known = IDENTITIES[byte];
    if (!known) throw new RangeError(`no identity kind ${byte}`);
    return known;
  },
);
const numbers = plain<NumberKey[]>(new ListBasicType(uint64, ITEMS_MAX));
const ranges = plain<KeyRange[]>(
  new ListCompositeType(new ContainerType({ from: uint64, to: uint64 }), ITEMS_MAX),
);
const members = listOf<MemberRecord, ReturnType<typeof memberValue>>(
  memberType as never,
  memberValue,
  memberOf,
);
const routes = listOf<Route, ReturnType<typeof routeValue>>(
  routeType as never,
  routeValue,
  routeOf,
);
const assignments = listOf<PrefixAssignment, { route: Uint8Array; prefixes: NumberKey[] }>(
  new ContainerType({
    route: idType,
    prefixes: new ListBasicType(uint64, ITEMS_MAX),
  }) as never,
  ({ route, prefixes }) => ({ route: bytesOf(route), prefixes }),
  ({ route, prefixes }) => ({ route: textOf(route), prefixes }),
);

const amount = plain<number>(uint64);
/** An amount that is left out where it is 0. */
const dueAmount = field<number | undefined, number>(
  uint64,
  (said) => said ?? 0,
  (value) => (value === 0 ? undefined : value),
);
const optionalId = field<string | undefined, Uint8Array[]>(
  new ListCompositeType(idType, 1) as unknown as Type<Uint8Array[]>,
  (said) => (said === undefined ? [] : [bytesOf(said)]),
  ([bytes]) => bytes && textOf(bytes),
);
const tariffs = plain<Tariff[]>(pricingFields.tariffs);

const prices = field<RoamingPrice[], ReturnType<typeof roamingPriceValue>[]>(
  roamingFields.prices,
  (said) => said.map(roamingPriceValue),
  (values) => values.map(roamingPriceOf),
);
const address = field<string, Uint8Array>(
  new ByteVectorType(20),
  (said) => Buffer.from(said.slice(2), 'hex'),
  (bytes) => `0x${hexOf(bytes)}`,
);
const usage = listOf<RoamingUsage, { number: NumberKey; service: number; units: number }>(
  new ContainerType({ number: uint64, service: uint8, units: uint64 }) as never,
  ({ number, service, units }) => ({ number, service: ROAMING_SERVICES.indexOf(service), units }),
  ({ number, service, units }) => ({ number, service: roamingServiceOf(service), units }),
);
const keys = listOf<TerminalKey, TerminalKey>(
  new ContainerType({ number: uint64, publicKey: new ByteVectorType(PUBLIC_KEY_BYTES) }) as never,
  (said) => said,
  ({ number, publicKey }) => ({ number, publicKey: new Uint8Array(publicKey) }),
);

const member = field<MemberRecord, ReturnType<typeof memberValue>>(
  memberType,
  memberValue,
  memberOf,
);
const publicKey = field<Uint8Array, Uint8Array>(
  new ByteVectorType(PUBLIC_KEY_BYTES),
  (said) => said,
  (bytes) => new Uint8Array(bytes),
);
const parameters = field<Parameters, ReturnType<typeof parametersValue>>(
  parametersType,
  parametersValue,
  parametersOf,
);
const approvers = listOf<string, Uint8Array>(idType as never, bytesOf, textOf);

type Kind = TransactionBody['kind'];
type FieldsOf<K extends Kind> =
  Extract<TransactionBody, { kind: K }> extends infer B
    ? { [F in Exclude<keyof B, 'kind'>]-?: Field<B[F]> }
    : never;

function define<K extends Kind>(
  byte: number,
  kind: K,
  signatures: KindCodec['signatures'],
  fields: FieldsOf<K>,
): KindCodec {
  const entries = Object.entries(fields) as [string, Field<unknown>][];
  const container = new ContainerType({
    sequence: uint64,
    validUntilMs: uint64,
    ...Object.fromEntries(entries.map(([name, { type }]) => [name, type])),
  });
  return {
    kind,
    byte,
    signatures,
    encode: (body, { sequence, validUntilMs }) => {
      const value: Record<string, unknown> = { sequence, validUntilMs };
      for (const [name, { toValue }] of entries) {
        value[name] = toValue(body[name as keyof TransactionBody]);
      }
      return container.serialize(value as never);
    },
    decode: (bytes) => {
      const value = container.deserialize(bytes) as unknown as TransactionHead &
        Record<string, unknown>;
      const body: Record<string, unknown> = { kind };
      for (const [name, { toSaid }] of entries) {
        const said = toSaid(value[name]);
        if (said !== undefined) body[name] = said;
      }
      const { sequence, validUntilMs } = value;
      return { sequence, validUntilMs, body: body as unknown as TransactionBody };
    },
  };
}

export const KINDS: readonly KindCodec[] = [
  define(1, 'admit-members', 1, { members }),
  define(2, 'declare-routes', 1, { member: id, routes }),
  define(3, 'assign-prefixes', 1, { identity, assignments }),
  define(4, 'inject-pool', 1, { member: id, identity, ranges, contract: optionalId }),
  define(5, 'allocate', 1, { member: id, identity, ranges, route: id, settlement: dueAmount }),
  define(6, 'port', 2, { identity, numbers, donor: id, recipient: id, route: id }),
  define(7, 'transfer', 2, {
    identity,
    ranges,
    transferor: id,
    recipient: id,
    route: id,
    price: dueAmount,
    settlement: dueAmount,
  }),
  define(8, 'change-route', 1, {
    member: id,
    identity,
    route: id,
    prefixes: numbers,
    ranges,
    numbers,
  }),
  define(9, 'release', 1, { member: id, identity, ranges }),
  define(10, 'create-pricing-contract', 1, {
    member: id,
    contract: id,
    identity,
    periodMs: amount,
    price: amount,
    transferFee: amount,
    tariffs,
    ranges,
  }),
  define(11, 'deposit', 1, { member: id, amount }),
  define(12, 'withdraw', 2, { member: id, amount }),
  define(13, 'settle-occupation', 1, { member: id, contract: id, occupant: id }),
  define(14, 'register-roaming-contract', 1, { member: id, name: id, prices }),
  define(15, 'report-roaming-usage', 1, { member: id, contract: address, identity, usage }),
  define(16, 'settle-roaming', 2, { home: id, visited: id, contract: address, amount }),
  define(17, 'register-terminal-keys', 1, { member: id, identity, keys }),
  define(18, 'rotate-terminal-keys', 1, { member: id, identity, keys }),
  define(19, 'revoke-terminal-keys', 1, { member: id, identity, numbers }),
  define(20, 'join-member', 'approvers and new key', { member, approvers }),
  define(21, 'leave-member', 'approvers', { member: id, approvers }),
  define(22, 'rotate-member-key', 'approvers and new key', { member: id, publicKey, approvers }),
  define(23, 'change-parameters', 'approvers', { parameters, approvers }),
  define(24, 'grant-prefixes', 'approvers', { identity, assignments, approvers }),
];
