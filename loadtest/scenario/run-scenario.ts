// Runs a scenario: starts the threads of the generator together, carries actions out at their times,
// watches server and stop rules, and gathers what every thread found.

import { Worker } from 'node:worker_threads';
import { type GeneratorSample, sampleGenerator } from '../generator-usage.ts';
import { addSecond, LatencySeries } from '../latency-series.ts';
import { LoadtestError } from '../load-options.ts';
import { type ActionResult, runAction } from './run-action.ts';
import type { Scenario } from './scenario.ts';
import type { StreamResult, ThreadEvent, ThreadRequest, ThreadStart } from './scenario-thread.ts';
import { type ServerSample, sampleServer } from './server-usage.ts';

export interface ScenarioRun {
  startedAt: Date;
  /** Which stop rule ended the run, or who; `undefined` where it ran to its end. */
  stoppedBy: string | undefined;
  /** One for each stream with a share, all threads together. */
  streams: { results: StreamResult[]; series: LatencySeries }[];
  actions: ActionResult[];
  server: ServerSample[];
  generator: GeneratorSample[];
}

export interface RunOptions {
  scenario: Scenario;
  signal: AbortSignal;
  /** Tells people how far it is. */
  tell(line: string): void;
}

interface Thread {
  worker: Worker;
  done: Promise<StreamResult[]>;
}

/** Throws BCHF_LOADTEST_THREAD where a thread fails, and the errors of the loads. */
export async function runScenario({ scenario, signal, tell }: RunOptions): Promise<ScenarioRun> {
  const { stop } = scenario;
  /** What has closed so far, of all streams together, by second and thread. */
  const seen = new LatencySeries();
  let failed = 0;
  let stoppedBy: string | undefined;
  const threads: Thread[] = [];
  const toAll = (request: ThreadRequest) => {
    for (const { worker } of threads) worker.postMessage(request);
  };
  const end = (why: string) => {
    if (stoppedBy !== undefined) return;
    stoppedBy = why;
    tell(`stopping: ${why}`);
    toAll({ type: 'stop' });
  };
  const reports = new Map<number, number>();
  const onSeconds = ({ from, streams }: Extract<ThreadEvent, { type: 'seconds' }>) => {
    for (const seconds of streams) {
      for (const [at, second] of LatencySeries.decode(seconds).seconds.entries()) {
        addSecond(seen.at((from + at) * 1000), second);
        failed += second.failed;
      }
    }
    const seconds = streams[0]?.length ?? 0;
    for (let place = from; place < from + seconds; place++) {
      const threadsHeard = (reports.get(place) ?? 0) + 1;
      reports.set(place, threadsHeard);
      if (threadsHeard === scenario.threads) judge(place);
    }
  };
  const judge = (place: number) => {
    const { sent, answered, lost, latencies } = seen.seconds[place]!;
    const p99Ms = latencies.getValueAtPercentile(99) / 1000;
    const lostPercent = sent > 0 ? (lost * 100) / sent : 0;
    tell(
      `${place + 1} s: ${answered.toLocaleString('en-US')} answered, ${lost.toLocaleString('en-US')} lost, p99 ${p99Ms.toFixed(2)} ms`,
    );
    if (stop.lostPercent !== undefined && lostPercent > stop.lostPercent) {
      end(`${lostPercent.toFixed(1)}% lost in second ${place + 1}`);
    }
    if (stop.p99Ms !== undefined && p99Ms > stop.p99Ms) {
      end(`p99 of ${p99Ms.toFixed(1)} ms in second ${place + 1}`);
    }
    if (stop.failed !== undefined && failed > stop.failed) end(`${failed} wrong or failed answers`);
  };

  tell(`drawing numbers; streams: ${scenario.streams.length}, threads: ${scenario.threads} …`);
  const ready = Array.from({ length: scenario.threads }, (_, thread) => {
    const start: ThreadStart = { scenario, thread };
    const worker = new Worker(new URL('./scenario-thread.js', import.meta.url), {
      workerData: start,
    });
    let settleDone: (results: StreamResult[]) => void = () => {};
    let failDone: (error: Error) => void = () => {};
    const done = new Promise<StreamResult[]>((resolve, reject) => {
      settleDone = resolve;
      failDone = reject;
    });
    done.catch(() => {});
    threads.push({ worker, done });
    return new Promise<void>((resolve, reject) => {
      const fail = (cause: Error) => {
        const error = new LoadtestError('BCHF_LOADTEST_THREAD', cause.message, { cause });
        reject(error);
        failDone(error);
      };
      worker.on('error', fail);
      worker.on('exit', (code) => fail(new Error(`a thread of the generator ended with ${code}`)));
      worker.on('message', (event: ThreadEvent) => {
        if (event.type === 'ready') resolve();
        else if (event.type === 'seconds') onSeconds(event);
        else if (event.type === 'done') settleDone(event.streams);
      });
    });
  });
  const onAbort = () => end('interrupted');
  const timers: NodeJS.Timeout[] = [];
  try {
    await Promise.all(ready);
    if (signal.aborted) end('interrupted');
    signal.addEventListener('abort', onAbort);
    const startedAt = new Date();
    const startMs = performance.now();
    toAll({ type: 'go' });
    const acting: Promise<ActionResult>[] = [];
    for (const action of scenario.actions) {
      timers.push(setTimeout(() => acting.push(runAction(action)), action.atSeconds * 1000));
    }
    const { metrics } = scenario.target;
    const watching = metrics ? sampleServer(metrics, startMs, () => performance.now()) : undefined;
    const own = sampleGenerator(startMs, () => performance.now());
    let results: StreamResult[][];
    try {
      results = await Promise.all(threads.map(({ done }) => done));
    } finally {
      watching?.stop();
      own.stop();
    }
    return {
      startedAt,
      stoppedBy,
      streams: results[0]!.map((_, at) => gather(results.map((streams) => streams[at]!))),
      actions: await Promise.all(acting),
      server: watching?.samples ?? [],
      generator: own.samples,
    };
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function gather(results: StreamResult[]): ScenarioRun['streams'][number] {
  const series = new LatencySeries();
  for (const { seconds } of results) series.add(LatencySeries.decode(seconds));
  return { results, series };
}
