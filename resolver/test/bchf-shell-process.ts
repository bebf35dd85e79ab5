// The command `bchf` again and again in one process: a command line comes in as a message, and what
// it printed and its exit code go back.

import { runCli } from '../cli/program.ts';

let queue: Promise<void> = Promise.resolve();

process.on('message', (args: string[]) => {
  queue = queue.then(() => answer(args));
});

async function answer(args: string[]): Promise<void> {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (text: string | Uint8Array): boolean => {
      printed[name] += text;
      return true;
    };
  }
  process.exitCode = 0;
  await runCli([process.execPath, 'bchf', ...args]);
  process.send!({ code: process.exitCode, ...printed });
}
