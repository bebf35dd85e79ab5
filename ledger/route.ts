// Routes: the routing information of user data, in the form of `routes.json`, of the HTTP answer
// and of the ledger.

import { z } from 'zod';

/** Network function types that hold user data: 5G, 4G, and 2G/3G (3GPP TS 23.501, 23.002). */
export const NF_TYPES = ['UDM', 'HSS', 'HLR'] as const;

/** The id of a member, of a route or of a contract. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A PLMN: mobile country code of 3 digits, mobile network code of 2 or 3 (ITU-T E.212). */
export const plmnSchema = z.strictObject({
  mcc: z.string().regex(/^[0-9]{3}$/),
  mnc: z.string().regex(/^[0-9]{2,3}$/),
});

/** A fully qualified domain name, at most 253 characters (RFC 1035 section 2.3.4). */
const fqdnSchema = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/);

/**
 * Where the user data of a number lies, and whose it is.
 *
 * `userDataIndexBase` locates the record inside that element's database: the index of a number is
 * this base plus the number's offset in its entry (0 for a ported number); a prefix has none.
 * `contractAddress` is the address of the member's roaming contract on the ledger.
 */
export const routeSchema = z.strictObject({
  id: z.string().regex(ID_PATTERN),
  member: z.string().regex(ID_PATTERN),
  plmn: plmnSchema,
  nfType: z.enum(NF_TYPES),
  nfInstanceId: z.uuidv4(),
  fqdn: fqdnSchema,
  ipv4Addresses: z.array(z.ipv4()).min(1).max(8),
  port: z.int().min(1).max(65_535),
  groupId: z.string().min(1).max(64),
  userDataIndexBase: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  contractAddress: z
    .string()
    .regex(/^0x[0-9a-f]{40}$/)
    .optional(),
});

export type Plmn = z.infer<typeof plmnSchema>;
export type Route = z.infer<typeof routeSchema>;

/** Most routes that one route table holds: the width of a route number in the index's answers. */
export const ROUTES_MAX = 1 << 20;
