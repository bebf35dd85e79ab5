// What consumers send to the minimal NRF, checked as far as it is used (3GPP TS 29.510 clause 6.1.6).
// Everything else is kept as it came.

import { z } from 'zod';
import { plmnSchema } from '../../../ledger/route-schema.ts';
import { nfInstanceIdSchema, nfTypeSchema } from '../sbi-schemas.ts';

const NF_STATUSES = ['REGISTERED', 'SUSPENDED', 'UNDISCOVERABLE', 'CANARY_RELEASE'] as const;
const ITEMS_MAX = 256;

const serviceSchema = z.looseObject({
  serviceInstanceId: z.string().min(1).max(256),
  serviceName: z.string().min(1).max(64),
  versions: z
    .array(z.looseObject({ apiVersionInUri: z.string(), apiFullVersion: z.string() }))
    .min(1)
    .max(ITEMS_MAX),
  scheme: z.enum(['http', 'https']),
  nfServiceStatus: z.enum(NF_STATUSES),
});

const rangeSchema = z.looseObject({
  start: z
    .string()
    .regex(/^[0-9]{1,18}$/)
    .optional(),
  end: z
    .string()
    .regex(/^[0-9]{1,18}$/)
    .optional(),
  pattern: z.string().max(256).optional(),
});
const infoSchema = z.looseObject({
  groupId: z.string().optional(),
  supiRanges: z.array(rangeSchema).max(ITEMS_MAX).optional(),
  gpsiRanges: z.array(rangeSchema).max(ITEMS_MAX).optional(),
  imsiRanges: z.array(rangeSchema).max(ITEMS_MAX).optional(),
  msisdnRanges: z.array(rangeSchema).max(ITEMS_MAX).optional(),
});

/** NFProfile as it is registered (TS 29.510 clause 6.1.6.2.2). */
export const registeredProfileSchema = z
  .looseObject({
    nfInstanceId: nfInstanceIdSchema,
    nfType: nfTypeSchema,
    nfStatus: z.enum(NF_STATUSES),
    heartBeatTimer: z.int().min(1).max(86_400).optional(),
    plmnList: z.array(plmnSchema).min(1).max(ITEMS_MAX).optional(),
    fqdn: z.string().min(1).max(253).optional(),
    ipv4Addresses: z.array(z.ipv4()).min(1).max(ITEMS_MAX).optional(),
    ipv6Addresses: z.array(z.ipv6()).min(1).max(ITEMS_MAX).optional(),
    allowedNfTypes: z.array(nfTypeSchema).min(1).max(ITEMS_MAX).optional(),
    nfServices: z.array(serviceSchema).max(ITEMS_MAX).optional(),
    nfServiceList: z.record(z.string(), serviceSchema).optional(),
    udmInfo: infoSchema.optional(),
    ausfInfo: infoSchema.optional(),
    udrInfo: infoSchema.optional(),
  })
  .refine(({ fqdn, ipv4Addresses, ipv6Addresses }) => fqdn ?? ipv4Addresses ?? ipv6Addresses, {
    error: 'needs fqdn, ipv4Addresses or ipv6Addresses',
  });

export type RegisteredProfile = z.infer<typeof registeredProfileSchema>;

/** The conditions of a subscription that are understood (SubscrCond of TS 29.510). */
const subscriptionConditionSchema = z.union([
  z.strictObject({ nfInstanceId: nfInstanceIdSchema }),
  z.strictObject({ nfInstanceIdList: z.array(nfInstanceIdSchema).min(1).max(ITEMS_MAX) }),
  z.strictObject({ nfType: nfTypeSchema }),
  z.strictObject({ serviceName: z.string().min(1).max(64) }),
  z.looseObject({ serviceNameList: z.array(z.string().max(64)).min(1).max(ITEMS_MAX) }),
]);

export const NOTIFICATION_EVENTS = [
  'NF_REGISTERED',
  'NF_DEREGISTERED',
  'NF_PROFILE_CHANGED',
] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** SubscriptionData as it is sent (TS 29.510 clause 6.1.6.2.16). */
export const subscriptionSchema = z.looseObject({
  nfStatusNotificationUri: z.url({ protocol: /^https?$/ }).max(1024),
  reqNfInstanceId: nfInstanceIdSchema.optional(),
  subscrCond: subscriptionConditionSchema.optional(),
  validityTime: z.iso.datetime({ offset: true }).optional(),
  reqNotifEvents: z.array(z.string()).min(1).max(16).optional(),
  requesterFeatures: z
    .string()
    .regex(/^[A-Fa-f0-9]{0,64}$/)
    .optional(),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

/** How a validator says what is wrong: the first place, as InvalidParam has it. */
export function firstFault(error: z.ZodError): { param: string; reason: string } {
  const [issue] = error.issues;
  return {
    param: `/${issue?.path.join('/') ?? ''}`,
    reason: issue?.message ?? 'is not as it should be',
  };
}
