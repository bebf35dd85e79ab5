// The thread of a generator of load; see bench-swap-load.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { createBatchResponse, readResponse, STATUS_OK } from '../../resolver/udp/batch-codec.ts';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';
import { runBatchLoad, WINDOW_MAX } from '../batch-load.ts';
import { preparePackets } from '../packet-pool.ts';
import {
  type LoadAnswer,
  type LoadRequest,
  type LoadStart,
  NUMBERS,
  REQUEST_BYTES,
} from './bench-swap-load.ts';

if (!parentPort) throw new Error('bench-swap-load-thread.ts is started as a worker thread');
const port = parentPort;
const { port: serverPort, asked, ending }: LoadStart = workerData;
const calls = loadSystemCalls();
if (!calls) throw new Error('the generator needs recvmmsg(2), which this platform does not have');
const system = calls;

/** The low half of a request's id; see batch-codec.ts. */
const ID_OFFSET = 6;
/** A turn of the generator takes a tenth of it. */
const OWN_PAUSE_MS_MIN = 2;
/** Under way in a closed loop. */
const IN_FLIGHT = 64;

const count = asked.requests.length / REQUEST_BYTES;
const packets = preparePackets(
  Array.from({ length: count }, (_, at) =>
    asked.requests.subarray(at * REQUEST_BYTES, (at + 1) * REQUEST_BYTES),
  ),
  system.addressOf,
);
const response = createBatchResponse();
const isEnding = new Int32Array(ending);

function run({ rate, durationMs }: LoadRequest): LoadAnswer {
  let wrong = 0;
  let errors = 0;
  const check = (packet: number, message: Uint8Array): string | undefined => {
    const isRead = readResponse(message, response);
    const right = asked.expected.get(response.height);
    if (!isRead || response.status !== STATUS_OK || response.count !== NUMBERS || !right) {
      errors += NUMBERS;
      return 'no answer of a content';
    }
    const first = packet * NUMBERS;
    let differing = 0;
    for (let at = 0; at < NUMBERS; at++) {
      if (response.answers[at] !== right[first + at]) differing++;
    }
    wrong += differing;
    return differing > 0 ? 'another answer' : undefined;
  };
  const isOver = () => Atomics.load(isEnding, 0) !== 0;
  const result = runBatchLoad({
    ...{ calls: system, server: { address: '127.0.0.1', port: serverPort }, packets },
    ...{ idOffset: ID_OFFSET, window: rate === undefined ? IN_FLIGHT : WINDOW_MAX },
    ...{ durationMs, perSecond: rate, checkEvery: 1, check, isOver },
    ownPauseMsMin: OWN_PAUSE_MS_MIN,
  });
  const { answered, answeredLater, lost, unsent, elapsedMs, ownPausesMs, latencies } = result;
  return {
    ...{ datagrams: answered, answered: (answered + answeredLater) * NUMBERS, wrong, errors },
    ...{ lost: lost * NUMBERS, unsent: unsent * NUMBERS, elapsedMs, ownPausesMs },
    latencies: encodeIntoCompressedBase64(latencies),
  };
}

port.on('message', (request: LoadRequest) => port.postMessage(run(request)));
