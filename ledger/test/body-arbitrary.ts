// Bodies of every kind for property tests of the codec.

import fc from 'fast-check';
import { IDENTITIES } from '../number.ts';
import { NF_TYPES, type Route } from '../route.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { ROAMING_SERVICES } from '../transaction-roaming.ts';
import { key } from './consortium.ts';

const idArbitrary = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const keyArbitrary = fc.stringMatching(/^[0-9]{1,15}$/).map(key);
const identityArbitrary = fc.constantFrom(...IDENTITIES);
const hexArbitrary = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const plmnArbitrary = fc.record({
  mcc: fc.stringMatching(/^[0-9]{3}$/),
  mnc: fc.stringMatching(/^[0-9]{2,3}$/),
});
const uuidArbitrary = fc
  .tuple(hexArbitrary(8), hexArbitrary(4), hexArbitrary(3), hexArbitrary(3), hexArbitrary(12))
  .map(([a, b, c, d, e]) => `${a}-${b}-4${c}-a${d}-${e}`);
const requiredRouteKeys = [
  'id',
  'member',
  'plmn',
  'nfType',
  'nfInstanceId',
  'fqdn',
  'ipv4Addresses',
  'port',
  'groupId',
] as const;
const routeArbitrary = fc.record(
  {
    id: idArbitrary,
    member: idArbitrary,
    plmn: plmnArbitrary,
    nfType: fc.constantFrom(...NF_TYPES),
    nfInstanceId: uuidArbitrary,
    fqdn: fc.stringMatching(/^[a-z][a-z0-9]{0,10}\.(?:[a-z0-9]{1,8}\.)?org$/),
    ipv4Addresses: fc.array(fc.ipV4(), { minLength: 1, maxLength: 8 }),
    port: fc.integer({ min: 1, max: 65_535 }),
    groupId: fc.string({ minLength: 1, maxLength: 40 }),
    userDataIndexBase: fc.maxSafeNat(),
    contractAddress: hexArbitrary(40).map((hex) => `0x${hex}`),
  },
  { requiredKeys: [...requiredRouteKeys] },
) as fc.Arbitrary<Route>;

const memberArbitrary = fc.record({
  id: idArbitrary,
  name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  plmns: fc.array(plmnArbitrary, { maxLength: 3 }),
});
const amount = fc.maxSafeNat();
const approvers = fc.array(idArbitrary, { maxLength: 4 });
const service = fc.constantFrom(...ROAMING_SERVICES);
const address = hexArbitrary(40).map((hex) => `0x${hex}`);
/** An amount that is left out where it is 0. */
const dueAmount = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const ranges = fc.array(fc.record({ from: keyArbitrary, to: keyArbitrary }), { maxLength: 20 });
const numbers = fc.array(keyArbitrary, { maxLength: 20 });
/** A body of any kind, in the right form but with no regard to the rules. */
export const bodyArbitrary: fc.Arbitrary<TransactionBody> = fc.oneof(
  fc.record({
    kind: fc.constant('admit-members' as const),
    members: fc.array(memberArbitrary, { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('declare-routes' as const),
    member: idArbitrary,
    routes: fc.array(routeArbitrary, { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('assign-prefixes' as const),
    identity: identityArbitrary,
    assignments: fc.array(fc.record({ route: idArbitrary, prefixes: numbers }), { maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant('inject-pool' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    ranges,
  }),
  fc.record({
    kind: fc.constant('inject-pool' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    ranges,
    contract: idArbitrary,
  }),
  fc.record({
    kind: fc.constant('allocate' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    ranges,
    route: idArbitrary,
  }),
  fc.record({
    kind: fc.constant('allocate' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    ranges,
    route: idArbitrary,
    settlement: dueAmount,
  }),
  fc.record({
    kind: fc.constant('port' as const),
    identity: identityArbitrary,
    numbers,
    donor: idArbitrary,
    recipient: idArbitrary,
    route: idArbitrary,
  }),
  fc.record({
    kind: fc.constant('transfer' as const),
    identity: identityArbitrary,
    ranges,
    transferor: idArbitrary,
    recipient: idArbitrary,
    route: idArbitrary,
    price: dueAmount,
    settlement: dueAmount,
  }),
  fc.record({
    kind: fc.constant('change-route' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    route: idArbitrary,
    prefixes: numbers,
    ranges,
    numbers,
  }),
  fc.record({
    kind: fc.constant('release' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    ranges,
  }),
  fc.record({
    kind: fc.constant('create-pricing-contract' as const),
    member: idArbitrary,
    contract: idArbitrary,
    identity: identityArbitrary,
    periodMs: amount,
    price: amount,
    transferFee: amount,
    tariffs: fc.array(fc.record({ prefix: keyArbitrary, price: amount }), { maxLength: 4 }),
    ranges,
  }),
  fc.record({
    kind: fc.constantFrom('deposit' as const, 'withdraw' as const),
    member: idArbitrary,
    amount,
  }),
  fc.record({
    kind: fc.constant('settle-occupation' as const),
    member: idArbitrary,
    contract: idArbitrary,
    occupant: idArbitrary,
  }),
  fc.record({
    kind: fc.constant('register-roaming-contract' as const),
    member: idArbitrary,
    name: idArbitrary,
    prices: fc.array(fc.record({ service, price: amount }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('report-roaming-usage' as const),
    member: idArbitrary,
    contract: address,
    identity: identityArbitrary,
    usage: fc.array(fc.record({ number: keyArbitrary, service, units: amount }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('settle-roaming' as const),
    home: idArbitrary,
    visited: idArbitrary,
    contract: address,
    amount,
  }),
  fc.record({
    kind: fc.constantFrom('register-terminal-keys' as const, 'rotate-terminal-keys' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    keys: fc.array(
      fc.record({
        number: keyArbitrary,
        publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    kind: fc.constant('revoke-terminal-keys' as const),
    member: idArbitrary,
    identity: identityArbitrary,
    numbers,
  }),
  fc.record({ kind: fc.constant('join-member' as const), member: memberArbitrary, approvers }),
  fc.record({ kind: fc.constant('leave-member' as const), member: idArbitrary, approvers }),
  fc.record({
    kind: fc.constant('rotate-member-key' as const),
    member: idArbitrary,
    publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    approvers,
  }),
  fc.record({
    kind: fc.constant('change-parameters' as const),
    parameters: fc.record({
      itemsMax: amount,
      numbersMax: amount,
      periodMsMin: amount,
      purchaser: idArbitrary,
    }),
    approvers,
  }),
  fc.record({
    kind: fc.constant('grant-prefixes' as const),
    identity: identityArbitrary,
    assignments: fc.array(fc.record({ route: idArbitrary, prefixes: numbers }), { maxLength: 4 }),
    approvers,
  }),
);
