// An HTTP/2 listener with a clock of the test's own, and the look at whether it still serves others.

import assert from 'node:assert/strict';
import type http2 from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { createH2Counters, type H2Counters } from '../h2-counters.ts';
import { H2_LIMITS, type H2Limits } from '../h2-limits.ts';
import { type H2Server, listenH2 } from '../h2-server.ts';
import type { SbiAnswer, SbiReply, SbiRequest } from '../sbi-message.ts';
import { connectRaw, type RawClient } from './h2-frames.ts';
import { openH2, send } from './h2-requests.ts';

const closers: (() => unknown)[] = [];

/** Closes what was opened here, the last first; for `afterEach`. */
export async function closeOpened(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

export interface Listener {
  server: H2Server;
  counters: H2Counters;
  url: string;
  requests: SbiRequest[];
  /** Lets time pass for the listener, and its sweep come round. */
  pass(ms: number): Promise<void>;
  /** Answers the requests to `/later` that have come. */
  answerLater(): void;
}

/**
 * Answers every request with so many bytes; `/fault` with a fault of the program, and `/later` when
 * told to or when the listener is closed; `/changes` with what `follow` gives.
 */
export async function listen(
  limits: Partial<H2Limits> = {},
  bodyBytes = 20,
  follow?: (request: SbiRequest) => SbiReply | Promise<SbiReply>,
): Promise<Listener> {
  const counters = createH2Counters();
  const requests: SbiRequest[] = [];
  let nowMs = 1_000_000;
  const body = 'x'.repeat(bodyBytes);
  const answer: SbiAnswer = { status: 200, contentType: 'text/plain', body, headers: [] };
  const later: (() => void)[] = [];
  const answerLater = () => {
    for (const give of later.splice(0)) give();
  };
  const server = await listenH2({
    host: '127.0.0.1',
    port: 0,
    limits: { ...H2_LIMITS, ...limits },
    counters,
    handle: (request) => {
      requests.push(request);
      if (request.path === '/fault') throw new Error('a fault of the program');
      if (follow && request.path === '/changes') return follow(request);
      if (request.path !== '/later') return answer;
      return new Promise((resolve) => later.push(() => resolve(answer)));
    },
    onError: () => ({ status: 500, contentType: 'text/plain', body: 'fault', headers: [] }),
    now: () => nowMs,
    sweepIntervalMs: 5,
  });
  closers.push(() => server.close());
  closers.push(answerLater);
  return {
    server,
    counters,
    url: `http://127.0.0.1:${server.port}`,
    requests,
    async pass(ms) {
      nowMs += ms;
      await sleep(25);
    },
    answerLater,
  };
}

export function open(
  url: string,
  options: http2.ClientSessionOptions = {},
): http2.ClientHttp2Session {
  const session = openH2(url, options);
  closers.push(() => session.destroy());
  return session;
}

export async function openRaw(
  { server }: Listener,
  settings?: Uint8Array,
  staysOpen?: boolean,
): Promise<RawClient> {
  const client = await connectRaw(server.port, settings, staysOpen);
  closers.push(() => client.socket.destroy());
  return client;
}

/** A request over a new connection is answered. */
export async function assertServes({ url }: Listener): Promise<void> {
  const session = open(url);
  assert.equal((await send(session, '/served')).status, 200);
  session.destroy();
}
