// Progress of long work: bars on a terminal, plain lines elsewhere, nothing where nobody looks.

import { Presets, SingleBar } from 'cli-progress';

export interface Task {
  advance(by: number): void;
  done(): void;
}

export interface Progress {
  /** @param unit what is counted, in the plural */
  start(what: string, total: number, unit: string): Task;
}

const LINE_INTERVAL_MS = 2000;

/** A bar on the terminal of standard error. */
export function terminalProgress(): Progress {
  return {
    start(what, total, unit) {
      const bar = new SingleBar(
        {
          format: `${what} {bar} {percentage}% · {value}/{total} ${unit} · {eta_formatted} left`,
          stream: process.stderr,
          hideCursor: true,
          fps: 5,
        },
        Presets.shades_classic,
      );
      bar.start(total, 0);
      let value = 0;
      return {
        advance(by) {
          value += by;
          bar.update(Math.min(value, total));
        },
        done() {
          bar.update(total);
          bar.stop();
        },
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
          write(`${what}: ${value} of ${total} ${unit} (${Math.floor((100 * value) / total)}%)`);
        },
        done() {
          write(`${what}: done in ${((now() - startedMs) / 1000).toFixed(1)} s`);
        },
      };
    },
  };
}

export const silentProgress: Progress = {
  start: () => ({ advance() {}, done() {} }),
};
