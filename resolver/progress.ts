// Progress of long work: bars on a terminal, plain lines elsewhere, nothing where nobody looks.

import { Presets, SingleBar } from 'cli-progress';

export interface Task {
  advance(by: number): void;
  /** All of it is done. */
  done(): void;
  /**
   * Ends the task, done or not; belongs into a `finally`. A bar that is not ended goes on drawing,
   * which keeps the process from ending.
   */
  close(): void;
}

export interface Progress {
  /** @param unit what is counted, in the plural */
  start(what: string, total: number, unit: string): Task;
}

const LINE_INTERVAL_MS = 2000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A bar on the terminal of standard error. */
export function terminalProgress(): Progress {
  return {
    start(what, total, unit) {
      const bar = new SingleBar(
        {
          format: `${what} {bar} {percentage}% · {value}/{total} ${unit} · {duration_formatted}`,
          stream: process.stderr,
          hideCursor: true,
          fps: 5,
        },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      // The terminal gets its cursor and line wrapping back before a signal ends the process.
      const onSignal = (signal: NodeJS.Signals) => {
        close();
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      };
      const close = () => {
        for (const signal of SIGNALS) process.off(signal, onSignal);
        bar.stop();
      };
      for (const signal of SIGNALS) process.on(signal, onSignal);
      let value = 0;
      return {
        advance(by) {
          value += by;
          bar.update(Math.min(value, total));
        },
        done() {
          bar.update(total);
        },
        close,
      };
    },
  };
}

/** A line at the start, every two seconds and at the end. */
export function lineProgress(
  write: (line: string) => void,
  now: () => number = Date.now,
): Progress {
  return {
    start(what, total, unit) {
      const startedMs = now();
      let value = 0;
      let lineMs = startedMs;
      write(`${what}: ${total} ${unit}`);
      return {
        advance(by) {
          value += by;
          if (now() - lineMs < LINE_INTERVAL_MS) return;
          lineMs = now();
          const share = total > 0 ? ` of ${total}` : '';
          const percent = total > 0 ? ` (${Math.floor((100 * value) / total)}%)` : '';
          write(`${what}: ${value}${share} ${unit}${percent}`);
        },
        done() {
          write(`${what}: done in ${((now() - startedMs) / 1000).toFixed(1)} s`);
        },
        close() {},
      };
    },
  };
}

export const silentProgress: Progress = {
  start: () => ({ advance() {}, done() {}, close() {} }),
};
