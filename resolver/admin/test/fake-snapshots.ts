// A directory of snapshots as the admin port would tell of it, with swaps that change it.

import type { SnapshotDiff, SwapResult } from '../../snapshot/swap-answers.ts';
import type { SnapshotList } from '../console-model.ts';
import type { FakeAdmin } from './fake-admin.ts';

const ENTRIES = {
  imsi: { prefix: 3022, fragmented: 800, ported: 0 },
  msisdn: { prefix: 28_884, fragmented: 3200, ported: 200_000 },
};

export const DIFF: SnapshotDiff = {
  added: { entries: 3, numbers: 3 },
  removed: { entries: 1, numbers: 1000 },
  changed: { entries: 41_200, numbers: 41_200 },
  largestShare: 0.206,
  byMember: [
    { member: 'elisa', added: 3, removed: 0, movedIn: 41_200, movedOut: 0, prefixes: 0 },
    { member: 'telia', added: 0, removed: 1000, movedIn: 0, movedOut: 41_200, prefixes: 2 },
  ],
  memberCount: 2,
  largestMoves: [
    {
      identity: 'msisdn',
      from: '358401000000',
      to: '358401999999',
      fromRoute: 'telia.24491',
      toRoute: 'elisa.24405',
      numbers: 41_200,
    },
  ],
  byRoute: [],
  routeCount: 0,
  samples: [],
  changedRoutes: [],
};

function snapshot(height: number): SnapshotList['snapshots'][number] {
  return {
    name: `${String(height).padStart(12, '0')}.bchf`,
    height,
    blockHash: 'AB'.repeat(32),
    createdAt: new Date(Date.UTC(2026, 10, 28, 11, height % 60)).toISOString(),
    bytes: 7_552_862,
    entries: ENTRIES,
    routes: 3791,
    chainId: 'bchf-test',
    isServing: false,
    isPinned: false,
  };
}

/** Three snapshots, of which 1234 is served. To swap to 1100 needs force. */
export function snapshotResources(): FakeAdmin['resources'] {
  let serving = '000000001234.bchf';
  let previous: string | null = null;
  let names = [1234, 1200, 1100];
  const list = (): SnapshotList => ({
    serving,
    previous,
    swap: null,
    snapshots: names.map(snapshot).map((one) => ({
      ...one,
      isServing: one.name === serving,
      isPinned: one.name === serving || one.name === previous,
    })),
    damaged: [{ name: '000000000999.bchf', code: 'BCHF_SNAPSHOT_INVALID' }],
  });
  const swapped = (more: Partial<SwapResult>): SwapResult => ({
    serving,
    previous,
    height: Number.parseInt(serving, 10),
    dryRun: false,
    diff: null,
    refusedUnlessForced: null,
    canaryLookups: 10_000,
    loadMs: 850,
    publishMs: 12,
    ...more,
  });
  return {
    'GET /admin/v1/snapshots': () => ({ value: list() }),
    'GET /admin/v1/snapshots/diff': ({ query }) => ({
      value: { from: query.get('from'), to: query.get('to'), ...DIFF },
    }),
    'DELETE /admin/v1/snapshots/*': ({ path }) => {
      names = names.filter((height) => snapshot(height).name !== path.split('/').at(-1));
      return { value: { deleted: [] } };
    },
    'POST /admin/v1/snapshots/prune': ({ body }) => {
      const { keep } = body as { keep: number };
      const isPinned = (name: string) => name === serving || name === previous;
      const kept = names.filter((height, at) => at < keep || isPinned(snapshot(height).name));
      const deleted = names.filter((height) => !kept.includes(height));
      names = kept;
      return { value: { deleted: deleted.map((height) => snapshot(height).name) } };
    },
    'POST /admin/v1/swap': ({ body }) => {
      const { name, force = false, dryRun = false } = body as Record<string, unknown>;
      const refused = name === '000000001100.bchf' ? 'BCHF_SNAPSHOT_LARGE_CHANGE' : null;
      if (dryRun) {
        return { value: swapped({ dryRun: true, diff: DIFF, refusedUnlessForced: refused }) };
      }
      if (refused && !force) {
        const detail = '20.60% of the entries of a kind differ, 5% may';
        return { status: 422, value: { status: 422, detail, code: refused, diff: DIFF } };
      }
      [previous, serving] = [serving, String(name)];
      return { value: swapped({ diff: DIFF }) };
    },
    'POST /admin/v1/rollback': () => {
      if (previous === null) {
        const detail = 'there is nothing to go back to';
        return { status: 409, value: { status: 409, detail, code: 'BCHF_SNAPSHOT_NO_PREVIOUS' } };
      }
      [previous, serving] = [serving, previous];
      return { value: swapped({}) };
    },
  };
}
