// A flow as a sequence of messages, for people to read.

import type { Flow } from './flow.ts';
import type { Played } from './flow-runner.ts';
import type { TraceEvent } from './trace.ts';
import { labelOf } from './wire.ts';

const NAME_WIDTH = 20;

interface Line {
  atMs: number;
  text: string;
}

/**
 * Text of several lines; times are milliseconds since the first message.
 *
 * @param differences what did not come as the flow says
 */
export function formatSequence(
  { figure, title }: Flow,
  { before, events, outcome, forwarded }: Played,
  differences: readonly string[],
): string {
  const lines = events.flatMap(linesOf).sort((one, other) => one.atMs - other.atMs);
  const begin = lines[0]?.atMs ?? 0;
  const rows = lines.map(({ atMs, text }) => `${(atMs - begin).toFixed(1).padStart(9)}  ${text}`);
  return [
    `Figure ${figure}: ${title}`,
    ...before.map((text) => `   before  ${text}`),
    ...rows,
    `     ends  ${labelOf(outcome)}`,
    ...forwarded.map((text) => `  forward  ${text}`),
    ...differences.map((difference) => `        !  ${difference}`),
    '',
  ].join('\n');
}

function linesOf(event: TraceEvent): Line[] {
  if (event.kind === 'note') {
    return [{ atMs: event.atMs, text: `${event.at.padEnd(NAME_WIDTH)}   (${event.text})` }];
  }
  const { from, to, request, answer, sentMs, answeredMs } = event;
  const between = (arrow: string) => `${from.padEnd(NAME_WIDTH)} ${arrow} ${to.padEnd(NAME_WIDTH)}`;
  return [
    { atMs: sentMs, text: `${between('→')} ${request}` },
    { atMs: answeredMs, text: `${between('←')} ${answer}` },
  ];
}
