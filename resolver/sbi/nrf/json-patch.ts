// JSON Patch (RFC 6902) as consumers of an NRF use it: add, remove, replace, test.
//
// One thing is more lenient than the RFC: `replace` of a member that is not there adds it. A heartbeat
// replaces `/load`, also where the registered profile had none (3GPP TS 29.510 clause 5.2.2.3.2).

import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

const OPERATIONS_MAX = 64;
const SEGMENTS_MAX = 8;

export const patchSchema = z
  .array(
    z.object({
      op: z.enum(['add', 'remove', 'replace', 'test']),
      path: z.string().max(256).startsWith('/'),
      value: z.unknown().optional(),
    }),
  )
  .min(1)
  .max(OPERATIONS_MAX);

export type JsonPatch = z.infer<typeof patchSchema>;

/** A copy of the document with the patch applied; `undefined` where an operation does not fit it. */
export function applyPatch(document: object, patch: JsonPatch): object | undefined {
  const copy = structuredClone(document);
  for (const operation of patch) if (!applyOne(copy, operation)) return undefined;
  return copy;
}

function applyOne(document: object, { op, path, value }: JsonPatch[number]): boolean {
  // RFC 6901: `~1` is a slash, `~0` a tilde.
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (segments.length > SEGMENTS_MAX || segments.includes('__proto__')) return false;
  const last = segments.pop() as string;
  let parent: unknown = document;
  for (const segment of segments) {
    if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, segment)) {
      return false;
    }
    parent = (parent as Record<string, unknown>)[segment];
  }
  if (Array.isArray(parent)) return applyToArray(parent, op, last, value);
  if (typeof parent !== 'object' || parent === null) return false;
  return applyToObject(parent as Record<string, unknown>, op, last, value);
}

function applyToObject(
  parent: Record<string, unknown>,
  op: JsonPatch[number]['op'],
  name: string,
  value: unknown,
): boolean {
  switch (op) {
    case 'add':
    case 'replace':
      parent[name] = value;
      return true;
    case 'remove':
      return Object.hasOwn(parent, name) && delete parent[name];
    case 'test':
      return Object.hasOwn(parent, name) && isDeepStrictEqual(parent[name], value);
  }
}

function applyToArray(
  parent: unknown[],
  op: JsonPatch[number]['op'],
  position: string,
  value: unknown,
): boolean {
  const at = position === '-' && op === 'add' ? parent.length : Number(position);
  const last = op === 'add' ? parent.length : parent.length - 1;
  if (!/^(-|0|[1-9][0-9]{0,5})$/.test(position) || !(at <= last)) return false;
  switch (op) {
    case 'add':
      parent.splice(at, 0, value);
      return true;
    case 'replace':
      parent[at] = value;
      return true;
    case 'remove':
      parent.splice(at, 1);
      return true;
    case 'test':
      return isDeepStrictEqual(parent[at], value);
  }
}
