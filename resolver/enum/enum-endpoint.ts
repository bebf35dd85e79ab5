// The ENUM service of one serving thread: its zones, cookies and limits made of the settings, behind a
// handler for each transport, and made anew when the settings change. With a block in the packet memory
// it keeps the Wasm answerer in step, which shares cookies, limits and templates with it.

import { randomBytes } from 'node:crypto';
import { parsePrefix } from '../udp/client-address-codec.ts';
import { ServerCookies } from './dns-cookie-codec.ts';
import {
  createEnumHandler,
  type EnumHandler,
  type EnumService,
  type EnumTransport,
} from './enum-answer.ts';
import type { EnumBlock } from './enum-block.ts';
import type { EnumCounters } from './enum-counters.ts';
import type { EnumLookup } from './enum-records.ts';
import type { EnumSettings, RateLimitSettings } from './enum-settings.ts';
import { createEnumZones } from './enum-zone.ts';
import { RATE_ENTRY_WORDS, RateLimiter } from './rate-limit-codec.ts';
import { SIP_KEY_BYTES } from './sip-hash-codec.ts';

export interface EnumEndpointOptions {
  settings: EnumSettings;
  lookup: EnumLookup;
  counters: EnumCounters;
  /** Milliseconds since 1970. */
  nowMs: () => number;
  /** Where ENUM over UDP is answered in Wasm. */
  block?: EnumBlock | undefined;
  /** Makes the key of the limiter's table. */
  drawKey?: () => Uint8Array;
}

export class EnumEndpoint {
  readonly #services: Record<EnumTransport, EnumService>;
  readonly #cookies: ServerCookies;
  readonly #block: EnumBlock | undefined;
  readonly #drawKey: () => Uint8Array;
  #rateLimit: RateLimitSettings | undefined;

  constructor(options: EnumEndpointOptions) {
    const { settings, lookup, counters, nowMs, block } = options;
    this.#block = block;
    this.#drawKey = options.drawKey ?? (() => randomBytes(SIP_KEY_BYTES));
    this.#cookies = new ServerCookies(secretsOf(settings));
    const shared = { zones: [], lookup, counters, cookies: this.#cookies, nowMs };
    this.#services = {
      udp: { ...shared, transport: 'udp' },
      tcp: { ...shared, transport: 'tcp' },
    };
    if (block !== undefined) {
      this.#services.udp.onAnswers = (zone, routeNumber, answers) => {
        block.install(zone, routeNumber, answers);
      };
    }
    block?.limit(undefined);
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
    const secrets = secretsOf(settings);
    this.#cookies.replace(secrets);
    this.#block?.fill({ zones, secrets });
    // The budgets go on where the limits are the same.
    if (JSON.stringify(settings.rateLimit) === JSON.stringify(this.#rateLimit)) return;
    this.#rateLimit = settings.rateLimit;
    this.#limit(settings.rateLimit);
  }

  #limit(limits: RateLimitSettings | undefined): void {
    const { udp } = this.#services;
    if (limits === undefined) {
      this.#block?.limit(undefined);
      udp.limiter = undefined;
      return;
    }
    const key = this.#drawKey();
    const unlimited = limits.exempt.map((text) => parsePrefix(text)!);
    const table =
      this.#block?.limit({ ...limits, key, unlimited }) ??
      new Uint32Array(limits.entries * RATE_ENTRY_WORDS);
    udp.limiter = new RateLimiter(table, key, limits);
    udp.unlimited = unlimited;
  }

  /** Before a batch is answered in Wasm: what it says of the served block. */
  beginBatch(): void {
    this.#block?.setHeight(this.#services.udp.lookup.height());
  }

  /** The routes at these places of the table have other details. */
  changeRoutes(routeNumbers: Iterable<number>): void {
    for (const number of routeNumbers) this.#block?.forgetRoute(number);
  }

  handler(transport: EnumTransport): EnumHandler {
    return createEnumHandler(this.#services[transport]);
  }
}

function secretsOf({ cookieSecrets }: EnumSettings): Uint8Array[] {
  return cookieSecrets.map((secret) => Uint8Array.from(Buffer.from(secret, 'hex')));
}
