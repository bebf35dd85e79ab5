// Processes of their own for what a bench measures, so that what is resident is theirs alone and what
// one leaves behind does not slow the next.
//
// The process prepares itself, says so with what that gave, and then measures a run whenever it is
// asked; in between it is idle. So a bench can prepare several and let them take turns in each run.
//
//     bench                               process
//       │ fork FILE, task ──────────────────▶ prepare(task)
//       │ ◀────────────── {figures} or {unavailable}
//       │ run number ───────────────────────▶ measure(run)
//       │ ◀────────────── {figures}                            … once a run
//       │ disconnect ───────────────────────▶ end()

import { fork } from 'node:child_process';

/** Figures by name. */
export type Figures = Record<string, number>;

/** What a process can do once it is prepared. */
export interface Prepared {
  /** What preparing gave. */
  figures: Figures;
  measure(run: number): Figures | Promise<Figures>;
  /** Gives back what would outlive the process. */
  end?(): void | Promise<void>;
}

/** In place of being prepared: what is missing on this machine. */
export interface Unavailable {
  unavailable: string;
}

export interface MeasuringProcess {
  readonly figures: Figures;
  /** One run; the next is asked for when it is over. */
  measure(run: number): Promise<Figures>;
  /** Resolves when the process has ended. */
  end(): Promise<void>;
}

type Reply = { figures: Figures } | Unavailable;

const HEAP_MIB = 12_288;

/**
 * Starts a process that calls `serveMeasurements`, and waits until it is prepared. Rejects where it
 * ends early; what it had to say is on standard error.
 *
 * @param file Its compiled file.
 * @param task What it is given to prepare for; passed as JSON.
 */
export async function startMeasuring(
  file: URL,
  task: object,
): Promise<MeasuringProcess | Unavailable> {
  const child = fork(file, [JSON.stringify(task)], {
    execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_MIB}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A process that nobody waits for does not keep the bench from ending: where the bench fails, it
  // ends, and its processes notice.
  const waitFor = async <Result>(awaited: Promise<Result>): Promise<Result> => {
    child.ref();
    child.channel?.ref();
    try {
      return await awaited;
    } finally {
      child.unref();
      child.channel?.unref();
    }
  };
  const reply = (): Promise<Reply> =>
    waitFor(
      new Promise((resolve, reject) => {
        const failed = (code: number | null): void =>
          reject(new Error(`the process of ${file.pathname} ended with code ${code}`));
        child.once('exit', failed);
        child.once('message', (message) => {
          child.off('exit', failed);
          resolve(message as Reply);
        });
      }),
    );
  const end = (): Promise<void> => {
    if (child.connected) child.disconnect();
    return waitFor(exited);
  };
  const first = await reply();
  if ('unavailable' in first) {
    await end();
    return first;
  }
  return {
    figures: first.figures,
    async measure(run) {
      const next = reply();
      child.send(run);
      return ((await next) as { figures: Figures }).figures;
    },
    end,
  };
}

/** In the process: prepares, then measures on request until the bench goes. */
export async function serveMeasurements<Task>(
  prepare: (task: Task) => Prepared | Unavailable | Promise<Prepared | Unavailable>,
): Promise<void> {
  // Ctrl-C is for the bench: it goes, and this process notices and gives back what it has.
  process.on('SIGINT', () => undefined);
  const prepared = await prepare(JSON.parse(process.argv[2]!) as Task);
  // Without a place for errors, one that comes of the bench being gone would end this process as it is.
  const reply = (message: Reply): boolean => process.send!(message, () => undefined);
  const end = async (): Promise<void> => {
    if ('end' in prepared) await prepared.end?.();
    process.exit();
  };
  if (!process.connected) {
    await end();
    return;
  }
  process.once('disconnect', end);
  if ('unavailable' in prepared) {
    reply(prepared);
    return;
  }
  process.on('message', async (run) => reply({ figures: await prepared.measure(run as number) }));
  reply({ figures: prepared.figures });
}
