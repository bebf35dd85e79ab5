// Structured logs through pino: JSON for machines, one plain line an event for people.

import { Writable } from 'node:stream';
import pino from 'pino';

export type Log = pino.Logger;

/** Logs go to standard error, so that standard output holds only what a command answers. */
export function createLog(level: string, format: 'text' | 'json'): Log {
  const stream = format === 'json' ? process.stderr : textStream(process.stderr);
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

/** pino's JSON lines as `time level message key=value …`. */
export function textStream(out: Writable): Writable {
  return new Writable({
    write(line: Buffer, _encoding, done) {
      const { time, level, msg, err, ...fields } = JSON.parse(line.toString());
      const rest = Object.entries(fields).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      const failure = err ? [err.code ?? err.type, err.message].filter(Boolean) : [];
      const words = [time, pino.levels.labels[level] ?? level, msg, ...rest, ...failure];
      // One event is one line, whatever a client has put into a name.
      const text = words.join(' ').replace(/\p{Cc}/gu, (one) => JSON.stringify(one).slice(1, -1));
      out.write(`${text}\n`);
      done();
    },
  });
}
