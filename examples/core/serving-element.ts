// AMF, MME or SGSN: takes the registrations of terminals (figure 7), and brings calls and messages to
// those that it has accepted. In 2G/3G it is the VLR too, as after a combined attach, and gives roaming
// numbers.

import { BchfClient } from './bchf-source.ts';
import { Directory } from './directory.ts';
import type { Element, ElementSettings, ElementStart } from './element.ts';
import { answerBy, judgeBy, refusalBy } from './forms.ts';
import { listenForFrames } from './frame-server.ts';
import { GENERATION } from './generation.ts';
import { HOST } from './listening.ts';
import { type Cause, type Operation, type Result, refused } from './operations.ts';
import { Peers } from './peers.ts';
import { registerTerminal } from './registration.ts';
import type { Trace } from './trace.ts';
import { compact, digitsOf, textOf, type WireAnswer, type WireRequest } from './wire.ts';

/** Terminals that are registered here. */
const CONTEXTS_MAX = 100_000;
/** Roaming numbers that are given out: three digits behind the network's prefix. */
const ROAMING_NUMBERS = 1000;

/** What the home network says of a user that is not, or no longer, to be served here. */
const GONE: readonly Cause[] = ['unknown-user', 'roaming-not-allowed'];

interface Context {
  msisdn: string | undefined;
  /** Where the terminal is reached: what a radio network would know. */
  contact: string;
}

export async function startServingElement(
  { generation, name, network }: ElementStart,
  trace: Trace,
): Promise<Element> {
  const { wire, terminal, nfType, elements } = GENERATION[generation];
  const contexts = new Map<string, Context>();
  const roamingNumbers = new Map<string, string>();
  let nextRoamingNumber = 0;
  let settings: ElementSettings | undefined;
  let directory = new Directory([]);
  let peers = new Peers(name, 1000, trace);
  let bchf = new BchfClient({ self: name, network, nfType, peers, trace, directory });

  async function answer(request: WireRequest): Promise<WireAnswer> {
    if (request.name === terminal.register.name) return register(request.body);
    const operation = wire.operationOf(request);
    if (!operation) return wire.malformed;
    return wire.answerOf(operation, await perform(operation));
  }

  async function register(body: unknown): Promise<WireAnswer> {
    const imsi = digitsOf(textOf(body, 'imsi'));
    const contact = textOf(body, 'contact');
    if (!settings || !imsi || !contact) return answerBy(terminal.register, refused('failure'));
    const result = await registerTerminal(
      { imsi, credential: textOf(body, 'credential') },
      {
        ...settings.registration,
        network,
        servingNode: `${HOST}:${listening.port}`,
        local: directory.ofPlmn(network)?.data,
        bchf,
        updateLocation: (element, update) => peers.perform(element, update, wire),
      },
    );
    // Whoever is refused for another reason may be somebody else: the user stays where it is.
    if (!result.ok) {
      if (GONE.includes(result.cause)) contexts.delete(imsi);
    } else if (contexts.size < CONTEXTS_MAX) {
      contexts.set(imsi, { msisdn: result.data.msisdn, contact });
    }
    const told = result.ok ? compact({ msisdn: result.data.msisdn }) : undefined;
    return answerBy(terminal.register, result, told);
  }

  async function perform(operation: Operation): Promise<Result> {
    if (operation.kind === 'provide-roaming-number') return provideRoamingNumber(operation.imsi);
    const isDelivery = operation.kind === 'deliver-call' || operation.kind === 'deliver-message';
    if (!isDelivery || !settings) {
      return refused('failure', 'not asked of this element');
    }
    const { kind, to, from } = operation;
    const imsi = roamingNumbers.get(to) ?? to;
    roamingNumbers.delete(to);
    const context = contexts.get(imsi);
    if (!context) return refused('absent-user');
    const form = kind === 'deliver-call' ? terminal.call : terminal.deliver;
    const text = kind === 'deliver-message' ? operation.text : undefined;
    const peer = { name: `${elements.terminals} ${imsi}`, address: context.contact };
    const sent = { name: form.name, body: compact({ to: imsi, from, text }) };
    const judge = (told: WireAnswer) => judgeBy(form, told);
    const answered = await peers.ask(peer, sent, judge, settings.pagingMs);
    // Paging without a response: the user is gone, and did not say so.
    if (typeof answered === 'string') return refused('absent-user', answered);
    return refusalBy(form, answered) ?? { ok: true, data: {} };
  }

  function provideRoamingNumber(imsi: string): Result {
    const prefix = directory.ofPlmn(network)?.nodePrefix;
    if (!contexts.has(imsi) || prefix === undefined) return refused('absent-user');
    // The oldest is given out anew: nobody takes so long to use one.
    const place = nextRoamingNumber++ % ROAMING_NUMBERS;
    const roamingNumber = `${prefix}${String(place).padStart(3, '0')}`;
    roamingNumbers.set(roamingNumber, imsi);
    return { ok: true, data: { roamingNumber } };
  }

  const listening = await listenForFrames(answer);
  return {
    port: listening.port,
    configure(next) {
      settings = next;
      directory = new Directory(next.networks);
      peers.close();
      peers = new Peers(name, next.peerTimeoutMs, trace);
      bchf.close();
      bchf = new BchfClient({ self: name, network, nfType, peers, trace, directory });
      bchf.settings = next.bchf;
    },
    command() {
      throw new TypeError('it has no commands');
    },
    async close() {
      peers.close();
      await bchf.close();
      await listening.close();
    },
  };
}
