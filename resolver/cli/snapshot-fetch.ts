// `bchf snapshot fetch URL`: a snapshot of another node, in verified chunks.

import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type AdminServerOptions, askAdmin, getBytes } from '../admin/admin-client.ts';
import { servingOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import { fetchSnapshot } from '../snapshot/fetch-snapshot.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import type { OfferedSnapshot } from '../snapshot/snapshot-parts.ts';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';
import { progressFor } from './serving.ts';
import { vouchedByLedger } from './snapshot.ts';

const GIB = 2 ** 30;

interface FetchFlags {
  out?: string;
  sha256?: string;
  signer?: string[];
  maxGib: number;
  data?: string;
  validators?: string;
  tokenFile?: string;
  ca?: string;
  cert?: string;
  key?: string;
  json?: boolean;
}

export function addSnapshotFetchCommand(snapshot: Command): void {
  snapshot
    .command('fetch')
    .description(
      'Fetch a snapshot of another node: its manifest first, then its chunks, each checked against its ' +
        'hash. What was interrupted goes on where it was. With --data it is then proven against the ' +
        'chain, and kept only if it is what the chain says.',
    )
    .argument(
      '<URL>',
      'such as http://HOST:8082/ledger/v1/snapshots for the newest, or with /NAME behind; also ' +
        'http://HOST:8081/admin/v1/snapshots/NAME',
    )
    .option('--out <FILE>', 'the file to write (default: the name that it has there)')
    .option('--sha256 <HEX>', 'what the sha-256 of its manifest must be')
    .option('--signer <HEX...>', 'keys of which it must be signed by one')
    .option('--max-gib <N>', 'most GiB of the file', readGib, 16)
    .option('--data <DIR>', 'a data directory, of a node that is stopped, to prove it against')
    .option('--validators <FILE>', 'whom to trust (default: as for snapshot verify)')
    .option('--token-file <FILE>', 'the token that the server asks for')
    .option('--ca <FILE>', 'PEM file of CAs for the server (default: those that Node knows)')
    .option('--cert <FILE>', 'PEM file of the client certificate')
    .option('--key <FILE>', 'PEM file of its private key')
    .option('--json', 'print the manifest as JSON')
    .action(fetchOne);
}

async function fetchOne(text: string, flags: FetchFlags): Promise<void> {
  const { tokenFile, ca, cert, key, data, validators } = flags;
  const server = { url: text, tokenFile, ca, cert, key };
  const url = await snapshotUrl(server);
  const name = decodeURIComponent(basename(url.pathname));
  const out = flags.out ?? name;
  const log = createLog(servingOptions.logLevel.fallback, servingOptions.logFormat.fallback);
  let progress: ReturnType<ReturnType<typeof progressFor>['start']> | undefined;
  let resumed = 0;
  try {
    const manifest = await fetchSnapshot({
      get: (path, bytesMax) => getBytes(server, `${url.pathname}/${path}`, bytesMax),
      out,
      bytesMax: flags.maxGib * GIB,
      manifestHash: flags.sha256,
      signers: flags.signer ?? [],
      onChunk: (_fetched, of, isResumed) => {
        progress ??= progressFor(log).start(`fetching ${name}`, of, 'chunks');
        progress.advance(1);
        if (isResumed) resumed++;
      },
      ...(data !== undefined && {
        accept: async (path: string) => {
          const content = await loadSnapshot(path);
          verifySnapshot(content, await vouchedByLedger(data, content.manifest, validators));
        },
      }),
    });
    progress?.done();
    const proven = data === undefined ? 'not proven against a chain' : 'proven by the chain';
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ out, isProven: data !== undefined, resumed, manifest })}\n`
        : `${out}: height ${manifest.height}, ${manifest.chunks.length} chunks (${resumed} were ` +
            `there), sha-256 ${manifest.manifestHash}; ${proven}\n`,
    );
  } finally {
    progress?.close();
  }
}

/** The URL of one snapshot: the one that is named, or the newest of a list. */
async function snapshotUrl(server: AdminServerOptions): Promise<URL> {
  let url: URL;
  try {
    url = new URL(server.url);
  } catch (cause) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${server.url} is not a URL`, { cause });
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  if (!url.pathname.endsWith('/snapshots')) return url;
  const { snapshots } = await askAdmin<{ snapshots: OfferedSnapshot[] }>(
    server,
    'GET',
    url.pathname,
  );
  const [newest] = snapshots;
  if (!newest) throw new ResolverError('BCHF_SNAPSHOT_UNKNOWN', `${server.url} has no snapshots`);
  url.pathname += `/${encodeURIComponent(newest.name)}`;
  return url;
}

function readGib(text: string): number {
  if (/^[1-9][0-9]{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('must be 1 to 9999');
}
