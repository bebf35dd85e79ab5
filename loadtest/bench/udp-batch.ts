// `npm run bench -- udp-batch`: lookups a second over the UDP batch protocol, many numbers in a datagram,
// by one serving thread of `bchf serve` on one core, beside bare echoes of the same datagrams.

import { parseDigits } from '../../ledger/number.ts';
import type { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import {
  createBatchResponse,
  NUMBER_BYTES,
  NUMBER_OK,
  NUMBERS_MAX,
  REQUEST_HEADER_BYTES,
  readResponse,
  STATUS_OK,
  writeLookupRequest,
} from '../../resolver/udp/batch-codec.ts';
import { type BenchOptions, type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import { preparePackets } from '../packet-pool.ts';
import { DIGITS_FULL, notesOf, openSpace, SPACE_OPTIONS, unjudgedUnless } from './bench-space.ts';
import { type Judged, measureInTurns, startEchoes, startResolver } from './bench-udp.ts';

const LOOKUPS_BAR = { atLeast: 5_000_000 };
const NUMBERS_FULL = 100;
/** Where the request id lies in requests and responses; its low 16 bits are enough here. */
const ID_OFFSET = 4;
/** An answer: kind of match, matched length, route number. */
const PORTED = 3 << 30;
const LENGTH_SHIFT = 26;

type Option = 'digits' | 'numbers' | 'datagrams' | 'milliseconds' | 'window';

await runBench<Option>({
  name: 'udp-batch',
  about: 'Lookups a second over the UDP batch protocol, beside bare echoes.',
  options: {
    ...SPACE_OPTIONS,
    numbers: {
      what: 'numbers in a datagram',
      full: NUMBERS_FULL,
      quick: NUMBERS_FULL,
      min: 1,
      max: NUMBERS_MAX,
    },
    datagrams: { what: 'different datagrams', full: 20_000, quick: 500, min: 100, max: 500_000 },
    window: { what: 'datagrams under way', full: 128, quick: 64, min: 1, max: 8_192 },
  },
  measure,
});

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, seed, values } = options;
  const { digits, numbers, datagrams, window, milliseconds: durationMs } = values;
  const asked = openSpace(digits, datagrams * numbers, seed);
  const { calls, space, offsets } = asked;
  const messages = Array.from({ length: datagrams }, (_, at) => {
    const message = new Uint8Array(REQUEST_HEADER_BYTES + numbers * NUMBER_BYTES);
    const of = Array.from(offsets.subarray(at * numbers, (at + 1) * numbers));
    const keys = of.map((offset) => parseDigits(space.digitsOf(offset))!);
    writeLookupRequest(message, 0, 'msisdn', keys, numbers);
    return message;
  });

  const absent: string[] = [];
  const contenders = new Map<string, Judged>([
    ['datagramsPerSecond', await startResolver(space, 'batch', judgeOf(space, offsets, numbers))],
    ...(await startEchoes(messages, absent)),
  ]);
  const packets = preparePackets(messages, calls.addressOf);
  const load = { calls, packets, idOffset: ID_OFFSET, window, durationMs };
  const figures = await measureInTurns(contenders, load, runs, [
    { name: 'ratioToEchoInC', to: ['echoInC'] },
  ]);
  const perSecond = figures[0]!.measured as readonly number[];
  const isFull = digits >= DIGITS_FULL && numbers === NUMBERS_FULL;
  return {
    notes: notesOf(asked, {
      what: 'ported',
      asked: `${datagrams.toLocaleString('en-US')} different datagrams of ${numbers} numbers`,
      underWay: `${window} datagrams`,
      absent,
    }),
    figures: [
      {
        name: 'lookupsPerSecond',
        measured: perSecond.map((each) => each * numbers),
        bar: LOOKUPS_BAR,
      },
      ...figures,
    ],
    ...unjudgedUnless(!quick && isFull),
  };
}

/** Judges every answer of a response by the numbers that were asked for. */
function judgeOf(space: PortedSpace, offsets: Uint32Array, numbers: number): Judged['check'] {
  const response = createBatchResponse();
  return (packet, message) => {
    if (!readResponse(message, response)) return 'malformed';
    if (response.status !== STATUS_OK || response.count !== numbers) {
      return `status ${response.status}, ${response.count} answers`;
    }
    for (let at = 0; at < numbers; at++) {
      const offset = offsets[packet * numbers + at]!;
      const digits = space.digitsOf(offset);
      const route = space.routeOf(offset);
      const expected = route < 0 ? 0 : (PORTED | (digits.length << LENGTH_SHIFT) | route) >>> 0;
      if (response.numberStatus[at] !== NUMBER_OK || response.answers[at] !== expected) {
        return `${digits}: ${response.answers[at]}, not ${expected}`;
      }
    }
    return undefined;
  };
}
