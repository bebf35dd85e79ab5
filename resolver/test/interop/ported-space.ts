// A space of numbers of which a share is ported: the same numbers as entries of a snapshot for the
// resolver and as a zone file for NSD and Knot.
//
// Whether a number is ported, and to which route, is computed from number and seed, so that a space of
// ten million takes no memory and everybody who asks gets the same answer.

import { once } from 'node:events';
import { createWriteStream, type WriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash32 } from '../../../ledger/population/random.ts';
import type { Route } from '../../../ledger/route.ts';
import { CSV_HEADER } from '../../snapshot/entries-csv.ts';
import { exampleRoute } from '../example-route.ts';

/** A terminal NAPTR record: flags `u`, replacement the root. */
export interface Naptr {
  order: number;
  preference: number;
  services: string;
  regexp: string;
}

export interface PortedSpaceOptions {
  /** First digits of every number. */
  prefix: string;
  /** Digits behind the prefix, 1 to 9; the space has ten to that power numbers. */
  suffixDigits: number;
  /** One in so many numbers is ported. */
  oneIn: number;
  routes: number;
  seed: number;
}

/** Times to live and SOA of `bchf serve`. */
const TTL_SECONDS = 60;
const SOA_TTL_SECONDS = 3600;
/** Serial (the height of a snapshot without a ledger), refresh, retry, expire, minimum. */
const SOA_NUMBERS = '0 3600 600 604800 60';
const CHUNK_BYTES = 1 << 20;

export class PortedSpace {
  readonly routes: readonly Route[];
  readonly size: number;
  readonly #options: PortedSpaceOptions;

  constructor(options: PortedSpaceOptions) {
    this.#options = options;
    this.size = 10 ** options.suffixDigits;
    this.routes = Array.from({ length: options.routes }, (_, at) =>
      exampleRoute(`route-${at}`, {
        plmn: { mcc: '244', mnc: String(at).padStart(2, '0') },
        fqdn: `udm.5gc.mnc${String(at).padStart(3, '0')}.mcc244.3gppnetwork.org`,
      }),
    );
  }

  digitsOf(offset: number): string {
    const { prefix, suffixDigits } = this.#options;
    return prefix + String(offset).padStart(suffixDigits, '0');
  }

  /** The route of the number at an offset, or -1 where it is not ported. */
  routeOf(offset: number): number {
    const { seed, oneIn, routes } = this.#options;
    const drawn = hash32(seed, offset);
    return drawn % oneIn === 0 ? Math.floor(drawn / oneIn) % routes : -1;
  }

  /** The NAPTR records that docs/enum.md promises for the number at an offset; none if not ported. */
  naptrsOf(offset: number): Naptr[] {
    const route = this.routes[this.routeOf(offset)];
    if (route === undefined) return [];
    const digits = this.digitsOf(offset);
    const { mcc, mnc } = route.plmn;
    const network = `mnc${mnc.padStart(3, '0')}.mcc${mcc}.3gppnetwork.org`;
    const sip = `sip:+${digits}@ims.${network};user=phone`;
    const tel = `tel:+${digits};npdi;rn=${mcc}${mnc};rn-context=${network}`;
    return [
      { order: 100, preference: 10, services: 'E2U+sip', regexp: `!^.*$!${sip}!` },
      { order: 100, preference: 20, services: 'E2U+pstn:tel', regexp: `!^.*$!${tel}!` },
    ];
  }

  /** Offsets of all ported numbers, in order. */
  *ported(): Generator<number> {
    for (let offset = 0; offset < this.size; offset++) if (this.routeOf(offset) >= 0) yield offset;
  }

  /** Writes `routes.json` and `entries.csv` into a folder; returns their paths. */
  async writeEntries(folder: string): Promise<{ routes: string; entries: string }> {
    const routes = join(folder, 'routes.json');
    const entries = join(folder, 'entries.csv');
    writeFileSync(routes, JSON.stringify(this.routes));
    await writeLines(entries, this.#entryLines());
    return { routes, entries };
  }

  /** Writes the numbers under a domain as a master file with the records that `bchf` answers. */
  async writeZone(path: string, domain: string, nameServer: string): Promise<void> {
    await writeLines(path, this.#zoneLines(domain, nameServer));
  }

  *#entryLines(): Generator<string> {
    yield CSV_HEADER;
    for (const offset of this.ported()) {
      yield `ported,msisdn,${this.digitsOf(offset)},,route-${this.routeOf(offset)}`;
    }
  }

  *#zoneLines(domain: string, nameServer: string): Generator<string> {
    yield `$ORIGIN ${domain}.`;
    yield `$TTL ${TTL_SECONDS}`;
    yield `@ ${SOA_TTL_SECONDS} SOA ${nameServer}. hostmaster.${nameServer}. ${SOA_NUMBERS}`;
    yield `@ NS ${nameServer}.`;
    for (const offset of this.ported()) {
      const owner = [...this.digitsOf(offset)].reverse().join('.');
      for (const { order, preference, services, regexp } of this.naptrsOf(offset)) {
        yield `${owner} NAPTR ${order} ${preference} "u" "${services}" "${regexp}" .`;
      }
    }
  }
}

async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const stream: WriteStream = createWriteStream(path);
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_BYTES) continue;
    if (!stream.write(chunk)) await once(stream, 'drain');
    chunk = '';
  }
  stream.end(chunk);
  await once(stream, 'close');
}
