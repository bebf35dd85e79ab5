// What fits a route, as schemas. They stand beside route.ts, which serving threads load: a schema takes its
// library with it, a tenth of a second of the processor in each thread.

import { z } from 'zod';
import { ID_PATTERN, MCC_PATTERN, MNC_PATTERN, NF_TYPES } from './route.ts';

/** A PLMN: mobile country code of 3 digits, mobile network code of 2 or 3 (ITU-T E.212). */
export const plmnSchema = z.strictObject({
  mcc: z.string().regex(MCC_PATTERN),
  mnc: z.string().regex(MNC_PATTERN),
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
