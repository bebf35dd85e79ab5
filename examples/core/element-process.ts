// One element of a core as a process: what it is comes as its first message, and commands after it. It
// ends with its parent, however that ends.

import { startDataElement } from './data-element.ts';
import type { Element, ElementSettings, ElementStart } from './element.ts';
import { startPortabilityElement } from './portability-element.ts';
import { startRoutingElement } from './routing-element.ts';
import { startServingElement } from './serving-element.ts';
import { startTerminals } from './terminals.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** What a process is told. */
export type ElementRequest =
  | { type: 'start'; start: ElementStart }
  | { type: 'configure'; id: number; settings: ElementSettings }
  /** Asks for nothing: what was told before the answer comes before it. */
  | { type: 'flush'; id: number }
  | { type: 'command'; id: number; name: string; argument: unknown };

/** What it says. */
export type ElementEvent =
  | { type: 'ready'; port: number }
  | { type: 'done'; id: number; result: unknown }
  | { type: 'failed'; id: number; message: string }
  | { type: 'trace'; event: TraceEvent };

const START = {
  serving: startServingElement,
  call: startRoutingElement,
  message: startRoutingElement,
  data: startDataElement,
  portability: startPortabilityElement,
  terminals: startTerminals,
};

const post = (event: ElementEvent) => process.send?.(event);
const trace: Trace = (event) => post({ type: 'trace', event });
let element: Element | undefined;

process.on('message', async (request: ElementRequest) => {
  if (request.type === 'start') {
    element = await START[request.start.role](request.start, trace);
    post({ type: 'ready', port: element.port });
    return;
  }
  const { id } = request;
  try {
    const result = await carryOut(request);
    post({ type: 'done', id, result });
  } catch (error) {
    post({ type: 'failed', id, message: (error as Error).message });
  }
});

function carryOut(request: Exclude<ElementRequest, { type: 'start' }>): unknown {
  switch (request.type) {
    case 'configure':
      return element!.configure(request.settings);
    case 'command':
      return element!.command(request.name, request.argument as never);
    case 'flush':
      return undefined;
  }
}

process.on('disconnect', async () => {
  await element?.close();
  process.exit(0);
});
// Ctrl-C goes to the whole group; the parent says when it is over.
process.on('SIGINT', () => {});
