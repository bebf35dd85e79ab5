// The results a transaction can have. A code is part of the chain (its position is hashed into the
// next header), so the list only grows at its end.

/** Every result, by the number that stands for it in blocks; 0 is success (CometBFT's rule). */
export const TRANSACTION_CODES = [
  'OK',
  /** Larger than {@link TRANSACTION_BYTES_MAX}. */
  'BCHF_TX_TOO_LARGE',
  /** Not a transaction, not in canonical form, or a field outside its syntax. */
  'BCHF_TX_MALFORMED',
  /** More than ITEMS_MAX items in all. */
  'BCHF_TX_TOO_MANY_ITEMS',
  /** A number, prefix or end of a range is no number key. */
  'BCHF_TX_MALFORMED_NUMBER',
  /** Items are not in strictly ascending order. */
  'BCHF_TX_NOT_ASCENDING',
  /** Ranges, or prefixes of two assignments, cover the same numbers. */
  'BCHF_TX_OVERLAPPING_RANGES',
  /** A signer or party is not a member. */
  'BCHF_TX_UNKNOWN_MEMBER',
  /** The sequence is not above the first signer's last one. */
  'BCHF_TX_REPLAYED',
  /** A signature does not verify under the key that the ledger holds. */
  'BCHF_TX_BAD_SIGNATURE',
  /** A member with this id exists. */
  'BCHF_TX_MEMBER_EXISTS',
  /** No room for more members. */
  'BCHF_TX_MEMBER_LIMIT',
  /** No route with this id. */
  'BCHF_TX_UNKNOWN_ROUTE',
  /** The route, or its id, belongs to another member. */
  'BCHF_TX_FOREIGN_ROUTE',
  /** No room for more routes. */
  'BCHF_TX_ROUTE_LIMIT',
  /** A number does not belong to the member that gives it away. */
  'BCHF_TX_NOT_OWNER',
  /** A number to inject is in the pool, allocated or ported; one to allocate is not free. */
  'BCHF_TX_NOT_FREE',
  /** A number to port lies in the pool and is not allocated. */
  'BCHF_TX_IN_POOL',
  /** Donor and recipient are the same member. */
  'BCHF_TX_SAME_MEMBER',
  /** The block is later than the transaction is valid. */
  'BCHF_TX_STALE',
  /** A number to transfer, release or lead elsewhere was not allocated from the pool. */
  'BCHF_TX_NOT_ALLOCATED',
  /** A number is ported to the member: it moves on by a port. */
  'BCHF_TX_PORTED',
  /** A balance does not cover what is to be paid. */
  'BCHF_TX_INSUFFICIENT_DEPOSIT',
  /** The settlement is not what the contract asks for. */
  'BCHF_TX_WRONG_SETTLEMENT',
  /** No contract with this id, or address, for these numbers. */
  'BCHF_TX_UNKNOWN_CONTRACT',
  /** The contract belongs to other members. */
  'BCHF_TX_FOREIGN_CONTRACT',
  /** A contract with this id, or address, exists, or numbers are under a contract already. */
  'BCHF_TX_CONTRACT_EXISTS',
  /** No room for more contracts. */
  'BCHF_TX_CONTRACT_LIMIT',
  /** There is nothing to settle. */
  'BCHF_TX_NOTHING_DUE',
  /** An amount of money would be beyond 2^53 − 1. */
  'BCHF_TX_AMOUNT_LIMIT',
  /** The roaming contract has no price for a service. */
  'BCHF_TX_UNKNOWN_SERVICE',
  /** The terminal, or member, has this key, or a key, already. */
  'BCHF_TX_KEY_EXISTS',
  /** The member has registered no key for a number. */
  'BCHF_TX_UNKNOWN_KEY',
  /** No room for more keys. */
  'BCHF_TX_KEY_LIMIT',
  /** Two thirds of the members or less have signed. */
  'BCHF_TX_NO_QUORUM',
  /** A number to inject belongs to nobody, and the member is not the consortium's purchaser. */
  'BCHF_TX_NOT_PURCHASER',
  /** A member that leaves has numbers, or numbers of the pool are under its terms. */
  'BCHF_TX_HAS_NUMBERS',
  /** A member that leaves has a balance, or something is due to it or by it. */
  'BCHF_TX_HAS_MONEY',
  /** More numbers in one allocation than the parameters allow. */
  'BCHF_TX_TOO_MANY_NUMBERS',
  /** The period of a pricing contract is shorter than the parameters allow. */
  'BCHF_TX_PERIOD_TOO_SHORT',
  /** The founding is over: members join and get prefixes by a quorum. */
  'BCHF_TX_FOUNDED',
  /** The sequence is too far above the last one. */
  'BCHF_TX_SEQUENCE_GAP',
  /** A route names a PLMN that is not its member's. */
  'BCHF_TX_FOREIGN_PLMN',
] as const;

export type TransactionCode = (typeof TRANSACTION_CODES)[number];

/** Why a transaction is refused. */
export type RejectionCode = Exclude<TransactionCode, 'OK'>;

const numbers = new Map<TransactionCode, number>(
  TRANSACTION_CODES.map((code, number) => [code, number]),
);

/** The number of a code, as it stands in blocks. */
export function numberOfCode(code: TransactionCode): number {
  return numbers.get(code)!;
}
