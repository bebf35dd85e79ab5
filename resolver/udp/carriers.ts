// Carrier ids of routes: the 16-bit numbers that Kamailio's pdb protocol answers with.
//
// A route has the id that is configured for it, for its own id or for that of its member, or else
// one made of its place in the route table: place + 1. Every resolver of a ledger has the same
// table, so all give the same ids without being told. What has no id (beyond the last that 15 bits
// hold) is answered as not found.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ID_PATTERN, type Route } from '../../ledger/route.ts';
import { CARRIER_MAX } from '../../wasm/packet-module.ts';
import { ResolverError } from '../resolver-error.ts';
import { reasonOf } from '../schema-problems.ts';

const idsSchema = z.record(z.string().regex(ID_PATTERN), z.int().min(0).max(CARRIER_MAX));
const settingsSchema = z.strictObject({
  routes: idsSchema.default({}),
  members: idsSchema.default({}),
});

/** Carrier ids by the id of a route, and by that of a member. */
export type CarrierSettings = z.infer<typeof settingsSchema>;

export const NO_CARRIER_SETTINGS: CarrierSettings = { routes: {}, members: {} };

/** Reads a file of the form `{"routes": {"ROUTE": 7}, "members": {"MEMBER": 8}}`. */
export function readCarrierSettings(path: string): CarrierSettings {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const message = `--pdb-carriers ${path}: ${reasonOf(cause)}`;
    throw new ResolverError('BCHF_CONFIG_INVALID', message, { cause });
  }
}

/** The carrier id of a route at a place of the route table; 0 for none. */
export function carrierOf(settings: CarrierSettings, number: number, route: Route): number {
  const configured =
    ownValue(settings.routes, route.id) ?? ownValue(settings.members, route.member);
  if (configured !== undefined) return configured;
  return number < CARRIER_MAX ? number + 1 : 0;
}

function ownValue(ids: Record<string, number>, name: string): number | undefined {
  return Object.hasOwn(ids, name) ? ids[name] : undefined;
}
