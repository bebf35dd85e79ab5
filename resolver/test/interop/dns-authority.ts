// NSD and Knot DNS as authorities of one zone on a loopback port, in one process with one worker: what
// answers are compared with, and what speed is measured against.
//
// Their answers are what these programs give out of the box, but for what would limit a test (rate
// limits) or touch the machine (users, sockets for control, journals).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeDatagram } from './dns-exchange.ts';
import { freePort } from './free-port.ts';
import { findProgram, startProgram } from './programs.ts';

export type AuthorityKind = 'nsd' | 'knot';
export const AUTHORITY_KINDS: readonly AuthorityKind[] = ['nsd', 'knot'];
export const AUTHORITY_PROGRAMS: Record<AuthorityKind, string> = { nsd: 'nsd', knot: 'knotd' };

/** How long a server may take to read its zone; a million names take NSD about ten seconds. */
const START_MS_MAX = 120_000;
const START_POLL_MS = 50;

export interface Authority {
  kind: AuthorityKind;
  host: string;
  port: number;
  /** Of its first process. */
  pid: number;
  stop(): Promise<void>;
}

export interface AuthorityOptions {
  /** The domain, without a final dot. */
  zone: string;
  /** A master file. */
  zoneFile: string;
}

/**
 * Starts an installed server and waits until it answers for its zone. Throws with what the server
 * said where it does not.
 */
export async function startAuthority(
  kind: AuthorityKind,
  { zone, zoneFile }: AuthorityOptions,
): Promise<Authority> {
  const path = findProgram(AUTHORITY_PROGRAMS[kind]);
  if (path === undefined) throw new Error(`${AUTHORITY_PROGRAMS[kind]} is not installed`);
  const host = '127.0.0.1';
  const port = await freePort(host);
  const folder = mkdtempSync(join(tmpdir(), `bchf-${kind}-`));
  const configFile = join(folder, `${kind}.conf`);
  writeFileSync(configFile, CONFIGURATIONS[kind]({ host, port, zone, zoneFile, folder }));
  const args = kind === 'nsd' ? ['-d', '-c', configFile] : ['-c', configFile];
  const program = startProgram(path, args);
  const stop = async () => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const query = soaQuery(zone);
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += START_POLL_MS) {
    const response = await exchangeDatagram(host, port, query, START_POLL_MS);
    const rcode = response === undefined ? undefined : response[3]! & 15;
    if (rcode === 0) {
      return { kind, host, port, pid: program.pid, stop };
    }
    const fault = program.fault();
    if (fault !== undefined) {
      await stop();
      throw new Error(fault);
    }
    if (response !== undefined) await sleep(START_POLL_MS);
  }
  await stop();
  throw new Error(`${kind} did not answer for ${zone} within ${START_MS_MAX} ms`);
}

interface Placement {
  host: string;
  port: number;
  zone: string;
  zoneFile: string;
  folder: string;
}

const CONFIGURATIONS: Record<AuthorityKind, (placement: Placement) => string> = {
  nsd: ({ host, port, zone, zoneFile, folder }) => `
server:
  server-count: 1
  ip-address: ${host}@${port}
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  logfile: "${folder}/nsd.log"
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: "${zone}"
  zonefile: "${zoneFile}"
`,
  knot: ({ host, port, zone, zoneFile, folder }) => `
server:
  rundir: "${folder}"
  listen: "${host}@${port}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
control:
  listen: "${folder}/knot.sock"
database:
  storage: "${folder}/db"
log:
  - target: stderr
    any: warning
zone:
  - domain: "${zone}"
    file: "${zoneFile}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
`,
};

/** SOA of the zone, id 1. */
function soaQuery(zone: string): Uint8Array {
  const labels = zone.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 6, 0, 1]);
}
