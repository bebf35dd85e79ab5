// What a scenario does besides asking for numbers: a command or a request at its time.

import { execFile } from 'node:child_process';
import type { Action } from './scenario.ts';

export interface ActionResult {
  name: string;
  atSeconds: number;
  tookMs: number;
  isDone: boolean;
  /** The end of what it said. */
  output: string;
}

const TIMEOUT_MS = 60_000;
const OUTPUT_CHARACTERS = 2000;

/** Carries an action out; a failure is a result. */
export async function runAction(action: Action): Promise<ActionResult> {
  const name = action.name ?? action.run?.join(' ') ?? action.request!.url;
  const startedMs = performance.now();
  const { isDone, output } = await (action.run ? runCommand(action.run) : send(action.request!));
  return {
    name,
    atSeconds: action.atSeconds,
    tookMs: performance.now() - startedMs,
    isDone,
    output: output.trim().slice(-OUTPUT_CHARACTERS),
  };
}

type Outcome = Pick<ActionResult, 'isDone' | 'output'>;

function runCommand([command, ...parameters]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command!, parameters, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}${error ? error.message : ''}`;
      resolve({ isDone: error === null, output });
    });
  });
}

async function send({
  method,
  url,
  headers,
  body,
}: NonNullable<Action['request']>): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { isDone: response.ok, output: `${response.status} ${await response.text()}` };
  } catch (error) {
    return { isDone: false, output: (error as Error).message };
  }
}
