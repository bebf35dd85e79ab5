// The admin port's resources for snapshots:
//
//     GET    /admin/v1/snapshots
//     POST   /admin/v1/snapshots                     {}
//     GET    /admin/v1/snapshots/diff?from=&to=
//     DELETE /admin/v1/snapshots/{name}
//     GET    /admin/v1/snapshots/{name}/manifest     for who fetches it, see snapshot-parts
//     GET    /admin/v1/snapshots/{name}/chunks/{n}
//     POST   /admin/v1/snapshots/prune               {"keep": N}
//     POST   /admin/v1/swap                          {"name", "force"?, "dryRun"?}
//     POST   /admin/v1/rollback                      {}
//
// Clients name snapshots by file name, never by path: the store refuses every other form.

import { z } from 'zod';
import type { HttpAnswer, StatusCode } from '../http/http-answer.ts';
import { ResolverError, type ResolverErrorCode } from '../resolver-error.ts';
import { problemsOf } from '../schema-problems.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';
import type { StoredSnapshot } from '../snapshot/snapshot-store.ts';
import { SwapRefusal } from '../snapshot/swap-types.ts';
import { type AdminRequest, json, refusal } from './admin-answer.ts';

const SNAPSHOTS = '/admin/v1/snapshots';
const KEEP_MAX = 1000;

const swapSchema = z.strictObject({
  name: z.string().max(256),
  force: z.boolean().optional(),
  dryRun: z.boolean().optional(),
});
const pruneSchema = z.strictObject({ keep: z.int().min(1).max(KEEP_MAX) });
const nothingSchema = z.strictObject({});

type Answering = (
  request: AdminRequest,
  snapshots: SnapshotManager,
) => HttpAnswer | Promise<HttpAnswer>;

const RESOURCES: Record<string, Record<string, Answering>> = {
  [SNAPSHOTS]: { GET: listAll, POST: create },
  [`${SNAPSHOTS}/diff`]: { GET: compare },
  [`${SNAPSHOTS}/prune`]: { POST: prune },
  '/admin/v1/swap': { POST: swap },
  '/admin/v1/rollback': { POST: rollback },
};

/** The answer, or `undefined` where the path is none of these. */
export async function answerSnapshots(
  request: AdminRequest,
  snapshots: SnapshotManager | undefined,
): Promise<HttpAnswer | undefined> {
  const methods = methodsOf(request.path);
  if (!methods) return undefined;
  if (!snapshots) {
    return refusal(404, 'BCHF_SNAPSHOT_UNKNOWN', 'This process has no directory of snapshots.');
  }
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const answer = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!answer) {
    const allowed = Object.keys(methods).join(', ');
    return refusal(405, 'BCHF_ADMIN_REQUEST', `This resource takes ${allowed}.`, {}, [
      ['allow', allowed],
    ]);
  }
  try {
    return await answer(request, snapshots);
  } catch (error) {
    return ofError(error);
  }
}

function methodsOf(path: string): Record<string, Answering> | undefined {
  if (Object.hasOwn(RESOURCES, path)) return RESOURCES[path];
  if (!path.startsWith(`${SNAPSHOTS}/`)) return undefined;
  return path.indexOf('/', SNAPSHOTS.length + 1) > 0 ? { GET: handOut } : { DELETE: remove };
}

async function handOut({ path }: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const part = await snapshots.part(path.slice(SNAPSHOTS.length));
  if (part && 'bytes' in part) {
    return { status: 200, contentType: 'application/octet-stream', body: part.bytes };
  }
  return refusal(404, 'BCHF_SNAPSHOT_UNKNOWN', 'A snapshot has a manifest and chunks.');
}

async function listAll(_request: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const { snapshots: stored, damaged } = await snapshots.list();
  return json({
    serving: snapshots.serving,
    previous: snapshots.previous,
    swap: snapshots.swapUnderWay,
    snapshots: stored.map((one) => describe(one, snapshots)),
    damaged,
  });
}

function describe({ name, bytes, manifest }: StoredSnapshot, snapshots: SnapshotManager) {
  const { height, blockHash, createdAtMs, entryCounts, routeCount, chainId } = manifest;
  return {
    name,
    height,
    blockHash: blockHash.toUpperCase(),
    createdAt: new Date(createdAtMs).toISOString(),
    bytes,
    entries: entryCounts,
    routes: routeCount,
    chainId: chainId ?? null,
    isServing: name === snapshots.serving,
    isPinned: snapshots.isPinned(name),
  };
}

async function create(request: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const fault = faultOf(nothingSchema, request.body);
  if (fault) return fault;
  const { name, isNew } = await snapshots.create();
  return json({ name, isNew }, isNew ? 201 : 200);
}

async function compare({ query }: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const [from, to] = [query.get('from') ?? 'serving', query.get('to') ?? 'serving'];
  return json({ from, to, ...(await snapshots.diff(from, to)) });
}

async function remove({ path }: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const name = decodeURIComponent(path.slice(SNAPSHOTS.length + 1));
  await snapshots.delete(name);
  return json({ deleted: [name] });
}

async function prune(request: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const parsed = pruneSchema.safeParse(request.body);
  if (!parsed.success) return malformed(parsed.error);
  return json({ deleted: await snapshots.prune(parsed.data.keep) });
}

async function swap(request: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  const parsed = swapSchema.safeParse(request.body);
  if (!parsed.success) return malformed(parsed.error);
  return json(await snapshots.swap(parsed.data));
}

async function rollback(request: AdminRequest, snapshots: SnapshotManager): Promise<HttpAnswer> {
  return faultOf(nothingSchema, request.body) ?? json(await snapshots.rollback());
}

function faultOf(schema: z.ZodType, body: unknown): HttpAnswer | undefined {
  const parsed = schema.safeParse(body);
  return parsed.success ? undefined : malformed(parsed.error);
}

function malformed(error: z.ZodError): HttpAnswer {
  return refusal(400, 'BCHF_ADMIN_REQUEST', problemsOf(error));
}

const STATUS_OF_CODE: Partial<Record<ResolverErrorCode, StatusCode>> = {
  BCHF_SNAPSHOT_UNKNOWN: 404,
  BCHF_SWAP_IN_PROGRESS: 409,
  BCHF_SNAPSHOT_NO_PREVIOUS: 409,
  BCHF_SNAPSHOT_PINNED: 409,
  BCHF_SNAPSHOT_IO: 500,
};

/** Whatever else has a code is what is wrong with the snapshot. */
function ofError(error: unknown): HttpAnswer {
  if (error instanceof URIError)
    return refusal(400, 'BCHF_ADMIN_REQUEST', 'The path is malformed.');
  const { code, message } = error as { code?: unknown; message: string };
  if (typeof code !== 'string' || !code.startsWith('BCHF_')) throw error;
  const status = STATUS_OF_CODE[code as ResolverErrorCode] ?? 422;
  const diff = error instanceof SwapRefusal ? { diff: error.diff } : {};
  return refusal(status, code, message, error instanceof ResolverError ? diff : {});
}
