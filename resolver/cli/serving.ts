// What the commands that serve have in common: they run until a signal, and say what listens where.

import { type ServingConfig, servingOptions } from '../config.ts';
import type { Log } from '../log.ts';
import { lineProgress, type Progress, terminalProgress } from '../progress.ts';
import type { Service } from '../service.ts';

export function progressFor(log: Log): Progress {
  return process.stderr.isTTY ? terminalProgress() : lineProgress((line) => log.info(line));
}

/**
 * Runs until SIGINT or SIGTERM, then stops cleanly. A second signal ends the process at once; the
 * ledger's blocks are synced when they are committed, so nothing is lost even then. A process that
 * was started with a channel to its parent ends with its parent, however that ends.
 *
 * @param open begins to serve; `undefined` where the signal came first
 */
export async function serveUntilStopped(
  log: Log,
  open: (
    signal: AbortSignal,
    onFailure: (error: Error) => void,
  ) => Promise<{ stop(): Promise<void> } | undefined>,
): Promise<void> {
  const aborting = new AbortController();
  let finish: (failure: Error | undefined) => void = () => {};
  const finished = new Promise<Error | undefined>((resolve) => {
    finish = resolve;
  });
  const onSignal = () => {
    if (aborting.signal.aborted) process.exit(1);
    log.info('stopping');
    aborting.abort();
    finish(undefined);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const onParentGone = () => {
    if (aborting.signal.aborted) return;
    // Nobody reads any longer what this process says; saying it must not end it half-way.
    process.stdout.on('error', () => {});
    process.stderr.on('error', () => {});
    aborting.abort();
    finish(undefined);
  };
  // Without a channel there is no such event; with one, it may have come while modules loaded.
  process.on('disconnect', onParentGone);
  if (process.send && !process.connected) onParentGone();
  try {
    const opened = await open(aborting.signal, finish);
    if (!opened) return;
    const failure = await finished;
    await opened.stop();
    if (failure) throw failure;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.off('disconnect', onParentGone);
  }
  log.info('stopped');
}

export interface Ready {
  config: ServingConfig;
  service: Service;
  /** What is served, for people. */
  source: string;
  /** What a load test needs to know of it. */
  loadtestOptions?: string;
  asJson: boolean;
  /** What else machines are told. */
  more?: Record<string, unknown>;
}

/**
 * Prints what listens where on standard output: for people with a command to try for each
 * interface, for machines as one line of JSON.
 */
export function tellWhatListens(ready: Ready): void {
  const { config, service, source, loadtestOptions, asJson, more } = ready;
  const { ports, httpNative, exampleNumber: example } = service;
  const { host, adminHost } = config;
  if (asJson) {
    process.stdout.write(
      `${JSON.stringify({ ready: source, ports, ...service.status(), ...more })}\n`,
    );
    return;
  }
  const address = urlHost(host);
  const hostOption = host === servingOptions.host.fallback ? '' : ` --host ${host}`;
  const httpUrl = `${config.httpTlsCert === '' ? 'http' : 'https'}://${address}:${ports.http}`;
  const enumName = `${[...example].reverse().join('.')}.${service.enumSuffix}`;
  const rows = [
    ['HTTP', httpUrl, `curl ${httpUrl}/nbchf-routing/v1/routing-info/msisdn-${example}`],
    [
      'UDP batch',
      `${address}:${ports.batch}`,
      `npx bchf loadtest udp${hostOption} --port ${ports.batch} --requests 10000${loadtestOptions ?? ''}`,
    ],
    [
      'ENUM',
      `${address}:${ports.enum} (UDP, TCP)`,
      `dig @${host} -p ${ports.enum} ${enumName} NAPTR`,
    ],
    ...(config.sbiWorkers === 0
      ? []
      : [
          [
            '5G SBI',
            `http://${address}:${ports.sbi} (HTTP/2)`,
            `curl --http2-prior-knowledge http://${address}:${ports.sbi}/nmnpf-npstatus/v1/msisdn-${example}`,
          ],
        ]),
    [
      'pdb',
      `${address}:${ports.pdb}`,
      `Kamailio: modparam("pdb", "server", "${address}:${ports.pdb}")`,
    ],
    [
      'admin',
      `http://${urlHost(adminHost)}:${ports.admin}`,
      `curl http://${urlHost(adminHost)}:${ports.admin}/admin/v1/status`,
    ],
    ['console', `http://${urlHost(adminHost)}:${ports.admin}/`, 'in a browser'],
    ['CLI', '', `npx bchf lookup ${example} --explain --server ${httpUrl}`],
  ];
  const lines = rows.map(
    ([name, where, command]) => `  ${name?.padEnd(10)} ${where?.padEnd(34)} ${command?.trim()}`,
  );
  const library = httpNative
    ? 'native uWebSockets.js'
    : 'the JavaScript stand-in of uWebSockets.js';
  process.stdout.write(
    `bchf is ready: ${source}\nHTTP runs on ${library}. Ctrl-C stops.\n\n${lines.join('\n')}\n`,
  );
}

/** An address as it stands in a URL: IPv6 in brackets. */
function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
