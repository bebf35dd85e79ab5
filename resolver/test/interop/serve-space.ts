// `bchf serve` over the numbers of a space, as a process of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BchfServer, runBchf, startServer } from '../bchf-process.ts';
import { freePort } from './free-port.ts';
import type { PortedSpace } from './ported-space.ts';

export interface SpaceServer extends BchfServer {
  host: string;
}

/** One thread for each kind of interface: what is sent in order is answered in order. */
const THREADS = ['--workers', '1', '--udp-workers', '1'];

/** Builds a snapshot of the numbers and serves it on loopback, on ports that the system chooses. */
export async function serveSpace(
  space: PortedSpace,
  flags: readonly string[] = [],
): Promise<SpaceServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bchf-space-'));
  try {
    const { routes, entries } = await space.writeEntries(folder);
    const snapshot = join(folder, 'space.bchf');
    const inputs = ['--routes', routes, '--entries', entries, '--out', snapshot];
    const built = await runBchf('snapshot', 'build', ...inputs);
    if (built.code !== 0) throw new Error(built.stderr);
    const host = '127.0.0.1';
    // One number for UDP and TCP: the system would choose one that may be taken for the other.
    const port = String(await freePort(host));
    const placed = [...THREADS, '--host', host, '--enum-port', port];
    const server = await startServer('serve', '--snapshot', snapshot, ...placed, ...flags);
    return { host, ...server };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
