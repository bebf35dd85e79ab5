import { z } from 'zod';
import { COMPRESSIONS } from '../snapshot/compression.ts';
import { count, file, option, wholeNumber } from './option.ts';

/** Options of the embedded consortium and its population of numbers. */
export const ledgerOptions = {
  data: option(z.string().min(1), './data', 'DIR', 'directory of blocks, state and snapshots'),
  ported: option(count(100_000_000), 1_000_000, 'N', 'ported numbers of the population'),
  fragmented: option(count(1_000_000), 20_000, 'N', 'fragmented runs of the population'),
  profile: option(
    wholeNumber(0, 100).pipe(z.literal([5, 25, 60], 'must be 5, 25 or 60')) as z.ZodType<
      5 | 25 | 60
    >,
    25,
    'PERCENT',
    'share of numbers away from home: 5, 25 or 60',
  ),
  seed: option(count(0xffff_ffff), 1, 'S', 'seed of the population'),
  snapshotsKept: option(
    wholeNumber(1, 1000),
    3,
    'N',
    'snapshots kept on disk; older ones are deleted',
  ),
  snapshotKey: file('key of a member (as of bchf tx) that signs snapshots (default: none)'),
  snapshotCompression: option(
    z.enum(COMPRESSIONS),
    'none',
    'FORM',
    'compression of snapshots: none, gzip, or zstd where Node has it',
  ),
  snapshotEveryBlocks: option(
    count(1_000_000_000),
    0,
    'N',
    'blocks after which a snapshot is written while serving; 0: only at start and stop',
  ),
  snapshotEveryMinutes: option(
    count(10_080),
    0,
    'MINUTES',
    'minutes after which a snapshot is written while serving; 0: only at start and stop',
  ),
};
