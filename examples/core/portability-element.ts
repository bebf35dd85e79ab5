// A dedicated portability database, MNPF or MNP-SRF: which network a number is subscribed to, as far as
// it was told when it was last loaded. It does not follow the ledger, and is out of date as such
// databases are.

import type { Plmn } from '../../ledger/route.ts';
import type { Element, ElementStart } from './element.ts';
import { listenForFrames } from './frame-server.ts';
import { GENERATION } from './generation.ts';
import { type Result, refused } from './operations.ts';
import { listenForSbi } from './sbi-server.ts';
import type { WireAnswer, WireRequest } from './wire.ts';

export interface PortabilityTable {
  /** By leading digits; the longest counts. */
  segments: readonly { prefix: string; network: Plmn }[];
  ported: readonly { msisdn: string; network: Plmn }[];
}

export async function startPortabilityElement({ generation }: ElementStart): Promise<Element> {
  const { wire } = GENERATION[generation];
  let table: PortabilityTable = { segments: [], ported: [] };

  async function answer(request: WireRequest): Promise<WireAnswer> {
    const operation = wire.operationOf(request);
    if (operation?.kind !== 'read-portability') return wire.malformed;
    return wire.answerOf(operation, read(operation.msisdn));
  }

  function read(msisdn: string): Result {
    const [segment] = table.segments
      .filter(({ prefix }) => msisdn.startsWith(prefix))
      .sort((one, other) => other.prefix.length - one.prefix.length);
    const found = table.ported.find((one) => one.msisdn === msisdn) ?? segment;
    return found ? { ok: true, data: { servingNetwork: found.network } } : refused('unknown-user');
  }

  const listening =
    generation === '5g' ? await listenForSbi(answer) : await listenForFrames(answer);
  return {
    port: listening.port,
    configure() {},
    command(name, loaded: PortabilityTable) {
      if (name !== 'load') throw new TypeError(`no command ${name}`);
      table = loaded;
    },
    close: () => listening.close(),
  };
}
