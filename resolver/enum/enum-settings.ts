// The settings of the ENUM service: the form of the zones file, its defaults, and what the service
// has without one. docs/enum.md tells people.

import { z } from 'zod';
import { parsePrefix } from '../udp/client-address-codec.ts';
import { COOKIE_SECRETS_MAX } from './dns-cookie-codec.ts';
import type { EnumTcpLimits } from './enum-tcp.ts';
import { type EnumService, SERVICES_MAX } from './enum-template-codec.ts';
import { createEnumZones, type EnumZoneSettings } from './enum-zone.ts';
import { type RateLimits, RESPONSES_PER_SECOND_MAX, SLIP_MAX } from './rate-limit-codec.ts';

/** Most zones of one server: a query is compared with each. */
export const ZONES_MAX = 16;
/** Highest TTL (RFC 2181 section 8). */
const SECONDS_MAX = 2 ** 31 - 1;

/** What a serving thread is told of the service. Can be sent to another thread. */
export interface EnumSettings {
  zones: EnumZoneSettings[];
  /** Keys of cookies, 32 hexadecimal digits each, the one in use first. */
  cookieSecrets: string[];
  /** Left out: nothing is limited. */
  rateLimit?: RateLimitSettings | undefined;
  tcp: Partial<EnumTcpLimits>;
}

export interface RateLimitSettings extends RateLimits {
  /** Prefixes of addresses that are not limited. */
  exempt: string[];
  /** Entries of the table, a power of two. */
  entries: number;
}

/**
 * The two services that every zone has where nothing else is said.
 *
 * - `E2U+sip` (RFC 3764): the number at the IMS of the network that serves it (3GPP TS 23.003 clause
 *   13.2).
 * - `E2U+pstn:tel` (RFC 4769): the number with `npdi`, the mark that number portability has been
 *   looked up, so that nobody asks again (RFC 4694 section 4). A ported number carries a routing
 *   number besides: MCC and MNC of the recipient, a local one, whose context says whose digits these
 *   are. RFC 3966 section 3 wants the parameters in lexical order; they are.
 */
export const DEFAULT_SERVICES: Readonly<Record<string, EnumService>> = {
  sip: {
    service: 'E2U+sip',
    order: 100,
    preference: 10,
    uri: 'sip:+{number}@ims.mnc{mnc3}.mcc{mcc}.3gppnetwork.org;user=phone',
  },
  tel: {
    service: 'E2U+pstn:tel',
    order: 100,
    preference: 20,
    uri: 'tel:+{number};npdi',
    portedUri: 'tel:+{number};npdi;rn={mcc}{mnc};rn-context=mnc{mnc3}.mcc{mcc}.3gppnetwork.org',
  },
};

const seconds = z.int().min(0).max(SECONDS_MAX);
const u16 = z.int().min(0).max(65_535);
const domainName = z.string().min(1).max(254);
const serviceName = z.string().regex(/^[A-Za-z0-9-]{1,32}$/);
const serviceNames = z.array(serviceName).max(SERVICES_MAX);
const prefix = z.string().refine((text) => parsePrefix(text) !== undefined, {
  error: 'must be an address or a prefix such as 192.0.2.0/24',
});
const secret = z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be 32 hexadecimal digits' });
const powerOfTwo = z.int().refine((value) => Number.isInteger(Math.log2(value)), {
  error: 'must be a power of two',
});

const serviceSchema = z.strictObject({
  service: z.string().max(64),
  order: u16.default(100),
  preference: u16.default(10),
  uri: z.string().max(255),
  portedUri: z.string().max(255).optional(),
});

const zoneSchema = z.strictObject({
  suffix: domainName,
  numberPrefix: z
    .string()
    .regex(/^[0-9]{0,14}$/)
    .optional(),
  nameServers: z.array(domainName).min(1).max(16),
  soa: z
    .strictObject({
      primaryServer: domainName.optional(),
      mailbox: domainName.optional(),
      serial: z.int().min(0).max(0xffff_ffff).optional(),
      refreshSeconds: seconds.default(3600),
      retrySeconds: seconds.default(600),
      expireSeconds: seconds.default(604_800),
      minimumSeconds: seconds.default(60),
      ttlSeconds: seconds.default(3600),
    })
    .prefault({}),
  answerTtlSeconds: seconds.default(60),
  services: serviceNames.default(['sip', 'tel']),
  servicesByRoute: z.record(z.string(), serviceNames).default({}),
  servicesByMember: z.record(z.string(), serviceNames).default({}),
  clients: z.array(prefix).max(256).optional(),
});

const rateLimitSchema = z.strictObject({
  responsesPerSecond: z.int().min(0).max(RESPONSES_PER_SECOND_MAX).default(1000),
  slip: z.int().min(0).max(SLIP_MAX).default(2),
  exempt: z.array(prefix).max(256).default(['127.0.0.0/8', '::1/128']),
  entries: powerOfTwo
    .pipe(
      z
        .int()
        .min(1024)
        .max(2 ** 18),
    )
    .default(65_536),
});

/** The zones file. */
export const enumFileSchema = z.strictObject({
  services: z.record(serviceName, serviceSchema).default({}),
  zones: z.array(zoneSchema).min(1).max(ZONES_MAX),
  cookies: z.strictObject({ secrets: z.array(secret).min(1).max(COOKIE_SECRETS_MAX) }).optional(),
  rateLimit: rateLimitSchema.prefault({}),
  tcp: z
    .strictObject({
      connectionsMax: z.int().min(1).max(65_536).optional(),
      connectionsPerClientMax: z.int().min(1).max(65_536).optional(),
      idleTimeoutMs: z.int().min(100).max(600_000).optional(),
      messageTimeoutMs: z.int().min(100).max(600_000).optional(),
    })
    .default({}),
});
type EnumFile = z.infer<typeof enumFileSchema>;

/**
 * Reads a zones file. Throws a `RangeError` with a line for each problem.
 *
 * @param drawSecret makes a key of cookies where the file has none
 */
export function readEnumFile(content: unknown, drawSecret: () => string): EnumSettings {
  const parsed = enumFileSchema.safeParse(content);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new RangeError(lines.join('\n'));
  }
  const { zones, cookies, rateLimit, tcp, services } = parsed.data;
  const known = { ...DEFAULT_SERVICES, ...services };
  const settings: EnumSettings = {
    zones: zones.map((zone) => zoneOf(zone, known)),
    cookieSecrets: cookies?.secrets ?? [drawSecret()],
    rateLimit: rateLimit.responsesPerSecond === 0 ? undefined : rateLimit,
    tcp: Object.fromEntries(Object.entries(tcp).filter(([, value]) => value !== undefined)),
  };
  // What only the zones know: names, lengths of templates, one suffix twice.
  createEnumZones(settings.zones);
  return settings;
}

/** The settings without a zones file: one zone, for everyone. */
export function defaultEnumSettings(
  suffix: string,
  nameServer: string,
  drawSecret: () => string,
): EnumSettings {
  return readEnumFile({ zones: [{ suffix, nameServers: [nameServer] }] }, drawSecret);
}

function zoneOf(
  zone: EnumFile['zones'][number],
  known: Readonly<Record<string, EnumService>>,
): EnumZoneSettings {
  const named = (names: readonly string[]) =>
    names.map((name) => {
      if (Object.hasOwn(known, name)) return known[name]!;
      throw new RangeError(`zone ${zone.suffix}: no service is called ${JSON.stringify(name)}`);
    });
  const namedAll = (lists: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(lists).map(([key, names]) => [key, named(names)]));
  const { services, servicesByRoute, servicesByMember, soa, ...rest } = zone;
  const primaryServer = soa.primaryServer ?? zone.nameServers[0]!;
  return {
    ...rest,
    soa: { ...soa, primaryServer, mailbox: soa.mailbox ?? `hostmaster.${primaryServer}` },
    services: named(services),
    servicesByRoute: namedAll(servicesByRoute),
    servicesByMember: namedAll(servicesByMember),
  };
}
