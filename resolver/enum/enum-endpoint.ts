// The ENUM service of one serving thread: its zones, cookies and limits made of the settings, behind a
// handler for each transport, and made anew when the settings change.

import { randomBytes } from 'node:crypto';
import { parsePrefix } from './client-address-codec.ts';
import { ServerCookies } from './dns-cookie-codec.ts';
import type { EnumService, EnumTransport } from './enum-answer.ts';
import { createEnumHandler, type EnumHandler, type EnumLookup } from './enum-answer.ts';
import type { EnumCounters } from './enum-counters.ts';
import type { EnumSettings, RateLimitSettings } from './enum-settings.ts';
import { createEnumZones } from './enum-zone.ts';
import { RATE_ENTRY_WORDS, RateLimiter } from './rate-limit-codec.ts';

export interface EnumEndpointOptions {
  settings: EnumSettings;
  lookup: EnumLookup;
  counters: EnumCounters;
  /** Milliseconds since 1970. */
  nowMs: () => number;
}

export class EnumEndpoint {
  readonly #services: Record<EnumTransport, EnumService>;
  readonly #cookies: ServerCookies;
  #rateLimit: RateLimitSettings | undefined;

  constructor({ settings, lookup, counters, nowMs }: EnumEndpointOptions) {
    this.#cookies = new ServerCookies(secretsOf(settings));
    const shared = { zones: [], lookup, counters, cookies: this.#cookies, nowMs };
    this.#services = {
      udp: { ...shared, transport: 'udp' },
      tcp: { ...shared, transport: 'tcp' },
    };
    this.apply(settings);
  }

  /** Takes other settings; limits of TCP stay as they were when the sockets were opened. */
  apply(settings: EnumSettings): void {
    const { udp, tcp } = this.#services;
    const zones = createEnumZones(settings.zones, (count) => {
      udp.counters.servicesLeftOut += count;
    });
    udp.zones = zones;
    tcp.zones = zones;
    this.#cookies.replace(secretsOf(settings));
    // The budgets go on where the limits are the same.
    if (JSON.stringify(settings.rateLimit) === JSON.stringify(this.#rateLimit)) return;
    this.#rateLimit = settings.rateLimit;
    udp.limiter = settings.rateLimit && limiterOf(settings.rateLimit);
    udp.unlimited = settings.rateLimit?.exempt.map((text) => parsePrefix(text)!);
  }

  handler(transport: EnumTransport): EnumHandler {
    return createEnumHandler(this.#services[transport]);
  }
}

function secretsOf({ cookieSecrets }: EnumSettings): Uint8Array[] {
  return cookieSecrets.map((secret) => Uint8Array.from(Buffer.from(secret, 'hex')));
}

function limiterOf(limits: RateLimitSettings): RateLimiter {
  const table = new Uint32Array(limits.entries * RATE_ENTRY_WORDS);
  return new RateLimiter(table, randomBytes(16), limits);
}
