// `npm run bench -- udp-enum`: NAPTR queries answered a second, one number in a packet, by one serving
// thread of `bchf serve` on one core, beside NSD and Knot DNS with the same numbers as a zone and beside
// bare echoes, all under the same generator on the other core.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDigits } from '../../ledger/number.ts';
import {
  type DnsResponse,
  decodeResponse,
  encodeQuery,
} from '../../resolver/enum/dns-client-codec.ts';
import { encodeName, RCODE, RECORD_TYPE } from '../../resolver/enum/dns-codec.ts';
import { encodeEnumName } from '../../resolver/enum/enum-name-codec.ts';
import {
  AUTHORITY_KINDS,
  AUTHORITY_PROGRAMS,
  startAuthority,
} from '../../resolver/test/interop/dns-authority.ts';
import type { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { findProgram, processTree, residentBytesOf } from '../../resolver/test/interop/programs.ts';
import {
  type BenchOptions,
  type BenchResult,
  runBench,
  tell,
} from '../../wasm/bench/bench-report.ts';
import { preparePackets } from '../packet-pool.ts';
import { HOST, pinServer } from './bench-contender.ts';
import {
  DIGITS_FULL,
  notesOf,
  openSpace,
  QUERY_OPTIONS,
  SPACE_OPTIONS,
  unjudgedUnless,
} from './bench-space.ts';
import { type Judged, measureInTurns, startEchoes, startResolver } from './bench-udp.ts';

const SUFFIX = 'e164.arpa';
const RATIO_TO_PEER_BAR = { atLeast: 1.5 };
const RATIO_TO_ECHO_BAR = { atLeast: 0.6 };

type Option = 'digits' | 'packets' | 'milliseconds' | 'window';

await runBench<Option>({
  name: 'udp-enum',
  about: 'NAPTR queries a second over UDP, beside NSD, Knot DNS and bare echoes.',
  options: { ...SPACE_OPTIONS, ...QUERY_OPTIONS },
  measure,
});

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, seed, values } = options;
  const asked = openSpace(values.digits, values.packets, seed);
  const { calls, space } = asked;
  const queries = encodeQueries(space, asked.offsets);
  const packets = preparePackets(queries.messages, calls.addressOf);
  const { contenders, absent, bytesPerName } = await startContenders(space, queries);
  const { window, milliseconds: durationMs } = values;
  const figures = await measureInTurns(
    contenders,
    { calls, packets, idOffset: 0, window, durationMs },
    runs,
    [
      { name: 'ratioToBestPeer', to: AUTHORITY_KINDS, bar: RATIO_TO_PEER_BAR },
      { name: 'ratioToEchoInC', to: ['echoInC'], bar: RATIO_TO_ECHO_BAR },
    ],
  );
  return {
    notes: notesOf(asked, {
      what: 'a NAPTR name',
      asked: `${values.packets.toLocaleString('en-US')} different queries`,
      underWay: `${window} queries`,
      absent,
    }),
    figures: [
      ...figures,
      ...Object.entries(bytesPerName).map(([of, measured]) => ({
        name: 'residentBytesPerName',
        of,
        measured,
      })),
    ],
    ...unjudgedUnless(!quick && values.digits === DIGITS_FULL),
  };
}

interface Queries {
  messages: Uint8Array[];
  /** By packet, the offset of its number in the space. */
  offsets: Uint32Array;
}

function encodeQueries(space: PortedSpace, offsets: Uint32Array): Queries {
  const suffix = encodeName(SUFFIX)!;
  const messages = Array.from(offsets, (offset) => {
    const name = encodeEnumName(parseDigits(space.digitsOf(offset))!, suffix);
    return encodeQuery({ id: 0, name, type: RECORD_TYPE.NAPTR });
  });
  return { messages, offsets };
}

interface Started {
  contenders: Map<string, Judged>;
  /** Why what is missing is missing. */
  absent: string[];
  bytesPerName: Record<string, number>;
}

async function startContenders(space: PortedSpace, queries: Queries): Promise<Started> {
  const contenders = new Map<string, Judged>();
  const absent: string[] = [];
  const bytesPerName: Record<string, number> = {};
  const names = [...space.ported()].length;
  const check = judgeOf(space, queries);

  const resolver = await startResolver(space, 'enum', check, ['--enum-suffix', SUFFIX]);
  bytesPerName.bchf = residentBytesOf(processTree(resolver.pid)) / names;
  contenders.set('queriesPerSecond', resolver);

  const folder = mkdtempSync(join(tmpdir(), 'bchf-bench-zone-'));
  const zoneFile = join(folder, 'zone');
  const installed = AUTHORITY_KINDS.filter((kind) => findProgram(AUTHORITY_PROGRAMS[kind]));
  if (installed.length > 0) await space.writeZone(zoneFile, SUFFIX, 'localhost');
  for (const kind of AUTHORITY_KINDS) {
    if (!installed.includes(kind)) {
      absent.push(`${kind}: it is not installed`);
      continue;
    }
    tell(`${kind} loads the zone`);
    const { port, pid, stop } = await startAuthority(kind, { zone: SUFFIX, zoneFile });
    pinServer(pid);
    bytesPerName[kind] = residentBytesOf(processTree(pid)) / names;
    contenders.set(kind, { server: { address: HOST, port }, pid, check, stop });
  }
  rmSync(folder, { recursive: true });
  for (const [name, echo] of await startEchoes(queries.messages, absent)) {
    contenders.set(name, echo);
  }
  return { contenders, absent, bytesPerName };
}

/** Judges answers by the zone: code, and both records where there are any. */
function judgeOf(space: PortedSpace, { offsets }: Queries): Judged['check'] {
  return (packet, message) => {
    const offset = offsets[packet]!;
    const digits = space.digitsOf(offset);
    const response = decodeResponse(message);
    if (response === undefined) return `${digits}: malformed`;
    const expected = space.naptrsOf(offset);
    const got = regexpsOf(response).sort().join(' ');
    const wanted = expected
      .map(({ regexp }) => regexp)
      .sort()
      .join(' ');
    const rcode = expected.length === 0 ? RCODE.NXDOMAIN : RCODE.NOERROR;
    if (response.rcode === rcode && got === wanted) return undefined;
    return `${digits}: code ${response.rcode} ${got}, not ${rcode} ${wanted}`;
  };
}

function regexpsOf({ answers }: DnsResponse): string[] {
  return answers.map(({ data }) => (data.kind === 'naptr' ? data.regexp : data.kind));
}
