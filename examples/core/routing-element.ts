// P-CSCF or MSC, SMS-GMSC or SMSC: takes a call (figure 8) or a short message (figure 9) from a terminal,
// finds the called user's data management element, asks it where the user is, and goes on to there.

import type { Whereabouts } from './ask-in-order.ts';
import { askInOrder, type Source } from './ask-in-order.ts';
import { BchfClient } from './bchf-source.ts';
import { Directory } from './directory.ts';
import type { Element, ElementSettings, ElementStart, RoutingSource } from './element.ts';
import { answerBy } from './forms.ts';
import { listenForFrames } from './frame-server.ts';
import { GENERATION } from './generation.ts';
import { type Operation, type Refusal, type Result, refused } from './operations.ts';
import { Peers } from './peers.ts';
import type { Trace } from './trace.ts';
import { compact, digitsOf, textOf, type WireAnswer, type WireRequest } from './wire.ts';

export async function startRoutingElement(
  { role, generation, name, network }: ElementStart,
  trace: Trace,
): Promise<Element> {
  const { wire, terminal, nfType, elements } = GENERATION[generation];
  const form = role === 'call' ? terminal.call : terminal.submit;
  let settings: ElementSettings | undefined;
  let directory = new Directory([]);
  let peers = new Peers(name, 1000, trace);
  let bchf = new BchfClient({ self: name, network, nfType, peers, trace, directory });

  async function answer({ name: asked, body }: WireRequest): Promise<WireAnswer> {
    const from = digitsOf(textOf(body, 'from'));
    const to = digitsOf(textOf(body, 'to'));
    if (asked !== form.name || !from || !to) return wire.malformed;
    return answerBy(form, await connect(from, to, textOf(body, 'text') ?? ''));
  }

  async function connect(from: string, msisdn: string, text: string): Promise<Result> {
    if (!settings) return refused('failure');
    const { order, by } = settings.routing;
    const sources = order.map((source) => sourceOf(source, msisdn, by));
    const kind = role === 'call' ? 'route-call' : 'route-message';
    const routed = await askInOrder(sources, ({ element, userDataIndex }) =>
      peers.perform(element, compact({ kind, msisdn, userDataIndex }) as Operation, wire),
    );
    if (!routed.ok) return routed;
    const { imsi, servingNetwork, roamingNumber } = routed.data;
    const visited = servingNetwork
      ? directory.ofPlmn(servingNetwork)
      : directory.ofNodeNumber(roamingNumber ?? '');
    if (!visited?.serving) return refused('failure', 'nobody serves the network of the user');
    // A call goes to the roaming number where there is one; a message names the user itself.
    const to = role === 'call' ? (roamingNumber ?? imsi!) : imsi!;
    const delivery: Operation =
      role === 'call'
        ? { kind: 'deliver-call', to, from }
        : { kind: 'deliver-message', to, from, text };
    return peers.perform(visited.serving, delivery, wire);
  }

  function sourceOf(
    source: RoutingSource,
    msisdn: string,
    by: ElementSettings['routing']['by'],
  ): Source {
    if (source === 'bchf') return bchf.source({ identity: 'msisdn', digits: msisdn, by });
    const find = source === 'signalling' ? findBySegment : findByDatabase;
    return { isAuthoritative: false, find: () => find(msisdn) };
  }

  /** Signalling routing: the longest segment that was configured by hand. */
  async function findBySegment(msisdn: string): Promise<Whereabouts | Refusal> {
    const [longest] = settings!.signalling
      .filter(({ prefix }) => msisdn.startsWith(prefix))
      .sort((one, other) => other.prefix.length - one.prefix.length);
    const element = longest && directory.ofPlmn(longest.network)?.data;
    return element ? { element } : refused('unknown-user', 'no segment');
  }

  async function findByDatabase(msisdn: string): Promise<Whereabouts | Refusal> {
    const peer = { name: elements.portability, address: settings!.portability };
    const told = await peers.perform(peer, { kind: 'read-portability', msisdn }, wire);
    if (!told.ok) return told;
    const element = directory.ofPlmn(told.data.servingNetwork!)?.data;
    return element ? { element } : refused('failure', 'a network that is not known here');
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
