// Routes: the routing information of user data, in the form of `routes.json`, of the HTTP answer
// and of the ledger.

import type { z } from 'zod';
import type { plmnSchema, routeSchema } from './route-schema.ts';

/** Network function types that hold user data: 5G, 4G, and 2G/3G (3GPP TS 23.501, 23.002). */
export const NF_TYPES = ['UDM', 'HSS', 'HLR'] as const;

/** The id of a member, of a route or of a contract. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Mobile country and network code of a PLMN (ITU-T E.212). */
export const MCC_PATTERN = /^[0-9]{3}$/;
export const MNC_PATTERN = /^[0-9]{2,3}$/;

export type Plmn = z.infer<typeof plmnSchema>;
/** Where the user data of a number lies, and whose it is: see `routeSchema`. */
export type Route = z.infer<typeof routeSchema>;

/** Most routes that one route table holds: the width of a route number in the index's answers. */
export const ROUTES_MAX = 1 << 20;
