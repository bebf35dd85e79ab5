// Terminals: each has a number, and a private key with which it signs credentials. They send what their
// user wants to their network, and take calls and messages from it.

import { randomBytes } from 'node:crypto';
import { makeCredential, NONCE_BYTES } from '../../ledger/credential-codec.ts';
import { privateKeyOf } from '../../ledger/ed25519.ts';
import { parseDigits } from '../../ledger/number.ts';
import type { Plmn } from '../../ledger/route.ts';
import type { Element, ElementStart } from './element.ts';
import { answerBy, type Form, judgeBy } from './forms.ts';
import { listenForFrames } from './frame-server.ts';
import { GENERATION } from './generation.ts';
import { HOST } from './listening.ts';
import { refused } from './operations.ts';
import { Peers } from './peers.ts';
import type { Trace } from './trace.ts';
import { compact, textOf, type WireAnswer, type WireRequest } from './wire.ts';

/** Longer than a network takes to give up: a terminal waits for the network's word. */
const ANSWER_MS_MAX = 60_000;
const HOUR_MS = 3_600_000;

export interface Terminal {
  imsi: string;
  msisdn: string;
  /** 32 bytes in hexadecimal: the seed of its private key, which never leaves it. */
  seed: string;
}

/** What is wrong with a credential that a test has a terminal make. */
export type CredentialKind =
  | 'good'
  | 'none'
  | 'forged'
  | 'expired'
  | 'early'
  | 'replayed'
  | 'foreign'
  | 'stolen';

export interface RegisterCommand {
  imsi: string;
  /** The serving element, and the network that it says it is of. */
  at: string;
  atName: string;
  servingNetwork: Plmn;
  credential: CredentialKind;
}

export interface ConnectCommand {
  imsi: string;
  /** The element that takes calls or messages. */
  at: string;
  atName: string;
  to: string;
  text?: string;
}

/** What the network answered. */
export type TerminalOutcome = Pick<WireAnswer, 'status' | 'text' | 'message'>;

/** What came to a terminal. */
export interface Received {
  imsi: string;
  from: string;
  /** Absent: a call. */
  text?: string;
}

export async function startTerminals(
  { generation, name }: ElementStart,
  trace: Trace,
): Promise<Element> {
  const { terminal: forms } = GENERATION[generation];
  const terminals = new Map<string, Terminal>();
  const received: Received[] = [];
  /** Those that are out of reach, and do not answer when they are paged. */
  const silent = new Set<string>();
  /** The credential that a terminal used last. */
  const lastCredentials = new Map<string, string>();

  async function answer({ name: asked, body }: WireRequest): Promise<WireAnswer> {
    const form = [forms.call, forms.deliver].find((one) => one.name === asked);
    const imsi = textOf(body, 'to') ?? '';
    const from = textOf(body, 'from') ?? '';
    if (!form || !terminals.has(imsi)) return { status: 400, text: 'no such terminal' };
    if (silent.has(imsi)) return new Promise(() => {});
    received.push(compact({ imsi, from, text: textOf(body, 'text') }) as Received);
    return answerBy(form, { ok: true, data: {} });
  }

  async function send(imsi: string, to: { at: string; atName: string }, form: Form, body: object) {
    const peers = new Peers(`${name} ${imsi}`, ANSWER_MS_MAX, trace);
    try {
      const peer = { name: to.atName, address: to.at };
      const sent = { name: form.name, body: compact(body) };
      const answered = await peers.ask(peer, sent, (told) => judgeBy(form, told));
      const told = typeof answered === 'string' ? answerBy(form, refused(answered)) : answered;
      const { status, text, message } = told;
      return { status, text, message } satisfies TerminalOutcome;
    } finally {
      peers.close();
    }
  }

  const commands = {
    add: (added: readonly Terminal[]) => {
      for (const one of added) terminals.set(one.imsi, one);
    },
    register: (command: RegisterCommand) => {
      const { imsi, credential: kind, servingNetwork } = command;
      const credential = credentialOf(terminals.get(imsi)!, kind, servingNetwork);
      const contact = `${HOST}:${listening.port}`;
      return send(imsi, command, forms.register, { imsi, contact, credential });
    },
    call: (command: ConnectCommand) => {
      const { msisdn: from } = terminals.get(command.imsi)!;
      return send(command.imsi, command, forms.call, { from, to: command.to });
    },
    message: (command: ConnectCommand) => {
      const { msisdn: from } = terminals.get(command.imsi)!;
      const { to, text } = command;
      return send(command.imsi, command, forms.submit, { from, to, text });
    },
    silence: (imsis: readonly string[]) => {
      silent.clear();
      for (const imsi of imsis) silent.add(imsi);
    },
    /** What has come since it was asked last. */
    received: () => received.splice(0),
  };

  function credentialOf(
    own: Terminal,
    kind: CredentialKind,
    servingNetwork: Plmn,
  ): string | undefined {
    if (kind === 'none') return undefined;
    if (kind === 'replayed') return lastCredentials.get(own.imsi);
    // A good one, of another terminal.
    const { imsi, seed } =
      kind === 'stolen' ? [...terminals.values()].find((other) => other.imsi !== own.imsi)! : own;
    const offsetMs = { expired: -HOUR_MS, early: HOUR_MS }[kind as string] ?? 0;
    const made = makeCredential(
      {
        ueId: { identity: 'imsi', key: parseDigits(imsi)! },
        servingNetwork: kind === 'foreign' ? { mcc: '999', mnc: '99' } : servingNetwork,
        timeMs: Date.now() + offsetMs,
        nonce: randomBytes(NONCE_BYTES),
      },
      privateKeyOf(kind === 'forged' ? randomBytes(32) : Buffer.from(seed, 'hex')),
    );
    lastCredentials.set(own.imsi, made);
    return made;
  }

  const listening = await listenForFrames(answer);
  return {
    port: listening.port,
    configure() {},
    command: (command, argument) =>
      (commands as Record<string, (argument: never) => unknown>)[command]!(argument),
    close: () => listening.close(),
  };
}
