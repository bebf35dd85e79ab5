// The shapes of the service-based interfaces, written from the Release 18 specifications: 3GPP TS
// 29.571 (common data), 29.510 (NRF), 29.504 (UDR group ids), 29.578 (number portability).
//
// 3GPP's own OpenAPI files are not part of this project, because all rights in them are reserved. Only
// what is answered or read here is described. What consumers register is checked as far as it is used
// (`registeredProfileSchema`) and kept whole.

import { z } from 'zod';
import { plmnSchema } from '../../ledger/route-schema.ts';

const digits = z.string().regex(/^[0-9]+$/);
const port = z.int().min(0).max(65_535);
const supportedFeatures = z.string().regex(/^[A-Fa-f0-9]*$/);

/** TS 29.571 clause 5.3.2: a UUID of version 4. */
export const nfInstanceIdSchema = z.uuidv4();

/** An enumeration that TS 29.510 leaves open (`anyOf` a list and any string). */
export const nfTypeSchema = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);

/** TS 29.510 clause 6.1.6.2.5: never both addresses. */
const ipEndPointSchema = z
  .strictObject({
    ipv4Address: z.ipv4().optional(),
    ipv6Address: z.ipv6().optional(),
    transport: z.string().optional(),
    port: port.optional(),
  })
  .refine((point) => point.ipv4Address === undefined || point.ipv6Address === undefined);

const nfServiceVersionSchema = z.strictObject({
  apiVersionInUri: z.string(),
  apiFullVersion: z.string(),
  expiry: z.iso.datetime().optional(),
});

/** TS 29.510 clause 6.2.6.2.4, as far as it is answered from a route. */
export const nfServiceSchema = z.strictObject({
  serviceInstanceId: z.string(),
  serviceName: z.string(),
  versions: z.array(nfServiceVersionSchema).min(1),
  scheme: z.enum(['http', 'https']),
  nfServiceStatus: z.enum(['REGISTERED', 'SUSPENDED', 'UNDISCOVERABLE', 'CANARY_RELEASE']),
  ipEndPoints: z.array(ipEndPointSchema).min(1).optional(),
});

/** SupiRange, IdentityRange and ImsiRange of TS 29.510: numbers here, never a pattern. */
const rangesSchema = z.array(z.strictObject({ start: digits, end: digits })).min(1);

/** TS 29.510 clauses 6.1.6.2.6 to 6.1.6.2.8. */
const udmInfoSchema = z.strictObject({
  groupId: z.string().optional(),
  supiRanges: rangesSchema.optional(),
  gpsiRanges: rangesSchema.optional(),
});
const ausfInfoSchema = z.strictObject({
  groupId: z.string().optional(),
  supiRanges: rangesSchema.optional(),
});
/** HssInfo of TS 29.510 and NetworkNodeDiameterAddress of TS 29.503. */
const hssInfoSchema = z.strictObject({
  groupId: z.string().optional(),
  imsiRanges: rangesSchema.optional(),
  msisdnRanges: rangesSchema.optional(),
  hssDiameterAddress: z.strictObject({ name: z.string(), realm: z.string() }).optional(),
});

/** TS 29.510 clause 6.2.6.2.3, as far as it is answered from a route. */
export const nfProfileSchema = z.strictObject({
  nfInstanceId: nfInstanceIdSchema,
  nfType: nfTypeSchema,
  nfStatus: z.enum(['REGISTERED', 'SUSPENDED', 'UNDISCOVERABLE', 'CANARY_RELEASE']),
  plmnList: z.array(plmnSchema).min(1).optional(),
  ipv4Addresses: z.array(z.ipv4()).min(1).optional(),
  priority: z.int().min(0).max(65_535).optional(),
  udmInfo: udmInfoSchema.optional(),
  udrInfo: udmInfoSchema.optional(),
  ausfInfo: ausfInfoSchema.optional(),
  hssInfoList: z.record(z.string(), hssInfoSchema).optional(),
  nfServices: z.array(nfServiceSchema).min(1).optional(),
  nfServiceList: z.record(z.string(), nfServiceSchema).optional(),
  customInfo: z.record(z.string(), z.unknown()).optional(),
});

/** TS 29.510 clause 6.2.6.2.2. */
export const searchResultSchema = z.strictObject({
  validityPeriod: z.int(),
  nfInstances: z.array(nfProfileSchema),
  nrfSupportedFeatures: supportedFeatures.optional(),
  noProfileMatchInfo: z.strictObject({ reason: z.string() }).optional(),
  ignoredQueryParams: z.array(z.string()).min(1).optional(),
});

/** TS 29.504: NFType to NfGroupId. */
export const nfGroupIdMapResultSchema = z
  .record(nfTypeSchema, z.string())
  .refine((map) => Object.keys(map).length >= 1);

/** TS 29.578 clause 6.1.6.2.2. */
export const npStatusInfoSchema = z.strictObject({ subscriptionNetwork: plmnSchema });
