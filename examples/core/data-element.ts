// UDM, HSS or HLR: holds the user data of a member's numbers, and answers who asks for it.

import { Directory } from './directory.ts';
import type { Element, ElementSettings, ElementStart } from './element.ts';
import { listenForFrames } from './frame-server.ts';
import { GENERATION } from './generation.ts';
import { LocationUpdates } from './location-update.ts';
import { type Operation, type Result, refused } from './operations.ts';
import { Peers } from './peers.ts';
import { listenForSbi } from './sbi-server.ts';
import { type Found, type Subscriber, SubscriberStore } from './subscriber-store.ts';
import { nowMs, type Trace } from './trace.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

export interface Account {
  subscriber: Subscriber;
  /** The base of the route that leads here, and the number's offset in its entry. */
  base?: number;
  offset?: number;
}

export async function startDataElement(
  { generation, name, network }: ElementStart,
  trace: Trace,
): Promise<Element> {
  const { wire } = GENERATION[generation];
  const store = new SubscriberStore();
  let settings: ElementSettings | undefined;
  let directory = new Directory([]);
  let peers = new Peers(name, 1000, trace);
  const note = (text: string) => trace({ kind: 'note', at: name, text, atMs: nowMs() });

  const updates = new LocationUpdates({
    store,
    network,
    now: Date.now,
    onFound: (found, { imsi, userDataIndex }) => noteFound(imsi, found, userDataIndex),
    onGoodCredential: () => note('the credential is good'),
  });

  async function answer(request: WireRequest): Promise<WireAnswer> {
    const operation = wire.operationOf(request);
    if (!operation) return wire.malformed;
    return wire.answerOf(operation, await perform(operation));
  }

  async function perform(operation: Operation): Promise<Result> {
    switch (operation.kind) {
      case 'update-location':
        return updates.perform(operation);
      case 'read-subscription': {
        const found = store.find('imsi', operation.imsi, operation.userDataIndex);
        if (!found) return refused('unknown-user');
        const { subscriber, foundBy } = found;
        return { ok: true, data: { msisdn: subscriber.msisdn, foundBy } };
      }
      case 'route-call':
      case 'route-message':
        return route(operation);
      default:
        return refused('failure', 'not asked of this element');
    }
  }

  async function route(
    operation: Extract<Operation, { kind: 'route-call' | 'route-message' }>,
  ): Promise<Result> {
    const { kind, msisdn, userDataIndex } = operation;
    const found = store.find('msisdn', msisdn, userDataIndex);
    if (!found) return refused('unknown-user');
    noteFound(msisdn, found, userDataIndex);
    const { subscriber, foundBy } = found;
    const { imsi, location } = subscriber;
    if (!location) return refused('absent-user');
    const { servingNetwork, servingNode } = location;
    if (!GENERATION[generation].hasRoamingNumbers) {
      return { ok: true, data: { imsi, servingNetwork, foundBy } };
    }
    const visited = directory.ofPlmn(servingNetwork);
    if (kind === 'route-message') {
      const roamingNumber = visited && `${visited.nodePrefix}000`;
      return { ok: true, data: { imsi, roamingNumber, foundBy } };
    }
    const peer = { name: visited?.serving?.name ?? servingNode, address: servingNode };
    const ask = { kind: 'provide-roaming-number', imsi } as const;
    // Who asked is waiting meanwhile, and must hear of it before it gives up.
    const asked = await peers.perform(peer, ask, wire, settings && settings.peerTimeoutMs / 2);
    if (!asked.ok) return asked;
    return { ok: true, data: { ...asked.data, imsi, foundBy } };
  }

  function noteFound(digits: string, { foundBy }: Found, index: number | undefined): void {
    const how =
      foundBy === 'index'
        ? `at place ${index}`
        : `by its number${index === undefined ? '' : `: place ${index} is not this user's`}`;
    note(`user data of ${digits} found ${how}`);
  }

  const listening =
    generation === '5g' ? await listenForSbi(answer) : await listenForFrames(answer);
  const commands: Record<string, (argument: never) => unknown> = {
    'open-accounts': (accounts: readonly Account[]) => {
      for (const { subscriber, base, offset } of accounts) store.open(subscriber, base, offset);
    },
    'delete-accounts': (imsis: readonly string[]) => imsis.filter((imsi) => store.delete(imsi)),
  };
  return {
    port: listening.port,
    configure(next) {
      settings = next;
      updates.isCredentialRequired = next.credentials === 'required';
      directory = new Directory(next.networks);
      peers.close();
      peers = new Peers(name, next.peerTimeoutMs, trace);
    },
    command: (command, argument) => commands[command]!(argument),
    async close() {
      peers.close();
      await listening.close();
    },
  };
}
