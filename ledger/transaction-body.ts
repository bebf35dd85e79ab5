// What a transaction can say: the ledger flows of DOMAIN as plain values. Bytes, signatures and
// rules are elsewhere (transaction-codec, state machine).

import type { Identity, NumberKey } from './number.ts';
import type { Plmn, Route } from './route.ts';
import type { MoneyBody } from './transaction-money.ts';
import type { ProposalBody } from './transaction-proposal.ts';
import type { RoamingBody } from './transaction-roaming.ts';
import type { TerminalBody } from './transaction-terminal.ts';

/** Most members, routes, prefixes, ranges or numbers in one transaction. */
export const ITEMS_MAX = 10_000;

/** A closed range of numbers of one length. */
export interface KeyRange {
  from: NumberKey;
  to: NumberKey;
}

/** A company that joins the consortium. `publicKey` is 32 bytes of ed25519 (RFC 8032). */
export interface MemberRecord {
  id: string;
  name: string;
  publicKey: Uint8Array;
  plmns: Plmn[];
}

/** Companies found the consortium. Signed by its authority, which can do so only at first. */
export interface AdmitMembers {
  kind: 'admit-members';
  members: MemberRecord[];
}

/** A member declares routes of its own, or changes those with the same id. Signed by the member. */
export interface DeclareRoutes {
  kind: 'declare-routes';
  member: string;
  routes: Route[];
}

/**
 * The numbering plan gives prefixes to routes. Signed by the consortium's authority, which can do so only
 * at first; later the members grant prefixes together (transaction-proposal).
 */
export interface AssignPrefixes {
  kind: 'assign-prefixes';
  identity: Identity;
  assignments: PrefixAssignment[];
}

/** Prefixes of one route, in ascending order. */
export interface PrefixAssignment {
  route: string;
  prefixes: NumberKey[];
}

/** An owner puts ranges of its numbers into the shared pool (figure 10, S1001). Signed by it. */
export interface InjectPool {
  kind: 'inject-pool';
  member: string;
  identity: Identity;
  ranges: KeyRange[];
  /** A pricing contract of the member, under which the numbers are occupied. */
  contract?: string;
}

/** A member takes free ranges of the pool (figure 10, S1002 to S1005). Signed by it. */
export interface Allocate {
  kind: 'allocate';
  member: string;
  identity: Identity;
  ranges: KeyRange[];
  route: string;
  /** What the pricing contracts ask for the period that has begun; absent where it is nothing. */
  settlement?: number;
}

/** Numbers move from their owner to another member (figure 12). Signed by donor and recipient. */
export interface Port {
  kind: 'port';
  identity: Identity;
  numbers: NumberKey[];
  donor: string;
  recipient: string;
  /** A route of the recipient. */
  route: string;
}

/**
 * Numbers that were allocated from the pool move from one member to another inside it (figure 11).
 * Signed by transferor and recipient.
 */
export interface Transfer {
  kind: 'transfer';
  identity: Identity;
  ranges: KeyRange[];
  transferor: string;
  recipient: string;
  /** A route of the recipient. */
  route: string;
  /** What the recipient pays the transferor, as they agreed; absent where it is nothing. */
  price?: number;
  /** What the recipient pays the pricing contracts; absent where it is nothing. */
  settlement?: number;
}

/** A member leads its own numbers to another of its routes. Signed by it. */
export interface ChangeRoute {
  kind: 'change-route';
  member: string;
  identity: Identity;
  route: string;
  /** Prefixes that the numbering plan gave to the member. */
  prefixes: NumberKey[];
  /** Numbers that the member has from the pool; those ported away stay with whom they went to. */
  ranges: KeyRange[];
  /** Numbers that were ported to the member. */
  numbers: NumberKey[];
}

/** A member gives numbers back to the pool. Signed by it. */
export interface Release {
  kind: 'release';
  member: string;
  identity: Identity;
  ranges: KeyRange[];
}

export type TransactionBody =
  | AdmitMembers
  | DeclareRoutes
  | AssignPrefixes
  | InjectPool
  | Allocate
  | Port
  | Transfer
  | ChangeRoute
  | Release
  | MoneyBody
  | RoamingBody
  | TerminalBody
  | ProposalBody;

/** The signer that stands for the consortium itself. */
export const AUTHORITY = 'consortium';

/** Who must sign a body, in the order of the signatures. */
export function signersOf(body: TransactionBody): string[] {
  switch (body.kind) {
    case 'admit-members':
    case 'assign-prefixes':
      return [AUTHORITY];
    case 'declare-routes':
    case 'inject-pool':
    case 'allocate':
    case 'change-route':
    case 'release':
    case 'create-pricing-contract':
    case 'settle-occupation':
    case 'register-roaming-contract':
    case 'report-roaming-usage':
    case 'register-terminal-keys':
    case 'rotate-terminal-keys':
    case 'revoke-terminal-keys':
      return [body.member];
    case 'settle-roaming':
      return [body.home, body.visited];
    case 'join-member':
    case 'leave-member':
    case 'rotate-member-key':
    case 'change-parameters':
    case 'grant-prefixes':
      return body.approvers;
    case 'deposit':
      return [AUTHORITY];
    case 'withdraw':
      return [body.member, AUTHORITY];
    case 'port':
      return [body.donor, body.recipient];
    case 'transfer':
      return [body.transferor, body.recipient];
  }
}

/**
 * The key that a body brings in. It signs too, behind the signers, so that nobody joins, or is made to
 * sign, with a key that is not his.
 */
export function newKeyOf(body: TransactionBody): Uint8Array | undefined {
  if (body.kind === 'join-member') return body.member.publicKey;
  return body.kind === 'rotate-member-key' ? body.publicKey : undefined;
}

/** How many signatures stand behind a body. */
export function signatureCount(body: TransactionBody): number {
  return signersOf(body).length + (newKeyOf(body) ? 1 : 0);
}

/** The key of each signature, in order; `keyOf` gives that of a signer. */
export function signingKeys(
  body: TransactionBody,
  keyOf: (signer: string) => Uint8Array | undefined,
): (Uint8Array | undefined)[] {
  const keys = signersOf(body).map(keyOf);
  const newKey = newKeyOf(body);
  if (newKey) keys.push(newKey);
  return keys;
}

/** What the authority and the founders do before anything else; the first other kind ends the founding. */
export function isFounding({ kind }: TransactionBody): boolean {
  return kind === 'admit-members' || kind === 'declare-routes' || kind === 'assign-prefixes';
}
