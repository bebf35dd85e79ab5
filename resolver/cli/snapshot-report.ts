// What `bchf snapshot …` tells people of the snapshots of a server, of a swap, and of what differs.

import type { SnapshotDiff, SwapResult } from '../snapshot/swap-answers.ts';

const ROWS_SHOWN = 10;

export interface SnapshotList {
  serving: string | null;
  previous: string | null;
  swap: { state: string; file: string } | null;
  snapshots: {
    name: string;
    height: number;
    createdAt: string;
    bytes: number;
    entries: Record<string, Record<string, number>>;
    routes: number;
    chainId: string | null;
  }[];
  damaged: { name: string; code: string }[];
}

export function describeList({ serving, previous, snapshots }: SnapshotList): string {
  const rows = snapshots.map(({ name, height, createdAt, bytes, entries, routes, chainId }) => {
    const count = Object.values(entries)
      .flatMap((counts) => Object.values(counts))
      .reduce((sum, one) => sum + one, 0);
    const mark = name === serving ? 'serving' : name === previous ? 'previous' : '';
    return [
      name,
      `${height}`,
      createdAt,
      mebibytes(bytes),
      `${count}`,
      `${routes}`,
      chainId ?? '-',
      mark,
    ];
  });
  const head = ['name', 'height', 'created', 'size', 'entries', 'routes', 'chain', ''];
  return `${tableOf([head, ...rows]).join('\n')}\n`;
}

/** What is no row of a list. */
export function notesOn({ swap, damaged }: SnapshotList): string {
  const underWay = swap ? [`under way: ${swap.file} (${swap.state})\n`] : [];
  return [
    ...underWay,
    ...damaged.map(({ name, code }) => `${name} is not a snapshot: ${code}\n`),
  ].join('');
}

export function describeSwap(result: SwapResult): string {
  const { serving, previous, height, dryRun, diff, refusedUnlessForced, loadMs, publishMs } =
    result;
  const lines = diff ? [describeDiff(diff).trimEnd()] : [];
  if (dryRun) {
    lines.push(`nothing was changed: ${serving ?? 'the ledger'} goes on being served`);
    if (refusedUnlessForced) lines.push(`such a swap needs --force: ${refusedUnlessForced}`);
  } else {
    lines.push(
      `serving ${serving ?? 'the ledger'}, height ${height}: loaded in ${loadMs} ms, published in ` +
        `${publishMs} ms; a rollback leads to ${previous ?? 'nothing'}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

export function describeDiff(diff: SnapshotDiff): string {
  const amount = ({ entries, numbers }: SnapshotDiff['added']) =>
    `${entries} entries, ${numbers} numbers`;
  const lines = [
    `added    ${amount(diff.added)}`,
    `removed  ${amount(diff.removed)}`,
    `changed  ${amount(diff.changed)}`,
    `largest share of the entries of a kind: ${(diff.largestShare * 100).toFixed(2)}%`,
  ];
  const shares = (
    name: string,
    rows: (SnapshotDiff['byMember'][number] | SnapshotDiff['byRoute'][number])[],
    count: number,
  ) => {
    if (rows.length === 0) return;
    const shown = rows
      .slice(0, ROWS_SHOWN)
      .map((row) => [
        'member' in row ? row.member : row.route,
        ...[row.added, row.removed, row.movedIn, row.movedOut, row.prefixes].map(String),
      ]);
    const head = [name, 'added', 'removed', 'moved in', 'moved out', 'prefixes'];
    lines.push('', ...tableOf([head, ...shown]));
    if (count > shown.length) lines.push(`… and ${count - shown.length} more`);
  };
  shares('member', diff.byMember, diff.memberCount);
  shares('route', diff.byRoute, diff.routeCount);
  if (diff.largestMoves.length > 0) {
    const moves = diff.largestMoves
      .slice(0, ROWS_SHOWN)
      .map(({ identity, from, to, fromRoute, toRoute, numbers }) => [
        `${numbers}`,
        `${fromRoute} → ${toRoute}`,
        `${identity} ${from} to ${to}`,
      ]);
    lines.push('', ...tableOf([['numbers', 'largest moves', 'between'], ...moves]));
  }
  if (diff.samples.length > 0) {
    const samples = diff.samples
      .slice(0, ROWS_SHOWN)
      .map(({ identity, entry, from, to, change, fromRoute, toRoute }) => [
        change,
        `${entry} ${identity} ${from}${to === from ? '' : ` to ${to}`}`,
        `${fromRoute ?? 'none'} → ${toRoute ?? 'none'}`,
      ]);
    lines.push('', ...tableOf([['samples', '', ''], ...samples]));
  }
  if (diff.changedRoutes.length > 0) {
    lines.push(
      '',
      `routes with other details: ${diff.changedRoutes.slice(0, ROWS_SHOWN).join(', ')}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Columns as wide as their widest cell. */
function tableOf(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
