// An element's process from its parent's side.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ElementSettings, ElementStart } from './element.ts';
import type { ElementEvent, ElementRequest } from './element-process.ts';
import { HOST } from './listening.ts';
import type { Trace } from './trace.ts';

const START_MS_MAX = 120_000;
const STOP_MS_MAX = 5_000;

type Settle = { resolve: (result: unknown) => void; reject: (error: Error) => void };
type Asked = Exclude<ElementRequest, { type: 'start' }>;

export class ElementHandle {
  readonly name: string;
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #pending: Map<number, Settle>;
  #nextId = 1;

  private constructor(
    name: string,
    port: number,
    child: ChildProcess,
    pending: Map<number, Settle>,
  ) {
    this.name = name;
    this.address = `${HOST}:${port}`;
    this.#child = child;
    this.#pending = pending;
  }

  /** Starts a process and waits until it listens. Rejects where it does not. */
  static async start(start: ElementStart, trace: Trace): Promise<ElementHandle> {
    const file = new URL('./element-process.js', import.meta.url);
    const child = fork(file, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const pending = new Map<number, Settle>();
    const port = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${start.name} is late`));
        child.kill('SIGKILL');
      }, START_MS_MAX);
      child.on('message', (event: ElementEvent) => {
        if (event.type === 'trace') trace(event.event);
        else if (event.type === 'ready') resolve(event.port);
        else if (event.type === 'done') pending.get(event.id)?.resolve(event.result);
        else pending.get(event.id)?.reject(new Error(`${start.name}: ${event.message}`));
        if ('id' in event) pending.delete(event.id);
        clearTimeout(timer);
      });
      const onEnd = (how: unknown) => {
        clearTimeout(timer);
        const error = new Error(`${start.name} has ended: ${how}`);
        reject(error);
        for (const { reject: fail } of pending.values()) fail(error);
      };
      child.on('error', onEnd);
      child.on('exit', onEnd);
      child.send({ type: 'start', start } satisfies ElementRequest);
    });
    return new ElementHandle(start.name, port, child, pending);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  configure(settings: ElementSettings): Promise<unknown> {
    return this.#ask((id) => ({ type: 'configure', id, settings }));
  }

  command<Result>(name: string, argument?: unknown): Promise<Result> {
    return this.#ask((id) => ({ type: 'command', id, name, argument })) as Promise<Result>;
  }

  /** Resolves when everything that it has told so far has come. */
  flush(): Promise<unknown> {
    return this.#ask((id) => ({ type: 'flush', id }));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    const forcing = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(forcing);
  }

  #ask(request: (id: number) => Asked): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#child.send(request(id), (error) => {
        if (error) reject(error);
      });
    });
  }
}
