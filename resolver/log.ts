// Structured logs through pino: JSON for machines, one plain line an event for people.

import { Writable } from 'node:stream';
import pino from 'pino';

export type Log = pino.Logger;

/** Logs go to standard error, so that standard output holds only what a command answers. */
export function createLog(
  level: string,
  format: 'text' | 'json',
  out: Writable = process.stderr,
): Log {
  const stream = format === 'json' ? out : textStream(out);
  const serializers = { err: pino.stdSerializers.errWithCause };
  const timestamp = pino.stdTimeFunctions.isoTime;
  return pino({ level, base: undefined, timestamp, serializers }, stream);
}

/** The messages of an error and of what caused it, without those that another repeats. */
function messagesOf(error: { message?: string; cause?: object } | undefined): string[] {
  const messages: string[] = [];
  for (let one = error; one?.message; one = one.cause) {
    const { message } = one;
    if (!messages.some((told) => told.includes(message))) messages.push(message);
  }
  return messages;
}

/** pino's JSON lines as `time level message key=value …`. */
function textStream(out: Writable): Writable {
  return new Writable({
    write(line: Buffer, _encoding, done) {
      const { time, level, msg, err, ...fields } = JSON.parse(line.toString());
      const rest = Object.entries(fields).map(
        ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      const failure = err ? [err.code ?? err.type, messagesOf(err).join(': ')].filter(Boolean) : [];
      const words = [time, pino.levels.labels[level] ?? level, msg, ...rest, ...failure];
      // One event is one line, whatever a client has put into a name.
      const text = words.join(' ').replace(/\p{Cc}/gu, (one) => JSON.stringify(one).slice(1, -1));
      out.write(`${text}\n`);
      done();
    },
  });
}
