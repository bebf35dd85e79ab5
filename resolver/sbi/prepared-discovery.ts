// Answers of Nnrf_NFDiscovery, prepared as text. Requests of network elements differ in the number
// that they name and in little else: so a query is read once for all numbers, and what is answered for
// a route is written once, with room for the number.
//
//     target-nf-type=UDM&requester-nf-type=AMF&supi=imsi-#     ─▶ the query, read
//       and a route ─▶ {"validityPeriod":60,"nfInstances":[{…"start":"#","end":"#"…}]}
//
// Measured beside doing both for each request: docs/bench-http2.md.

import { hash } from 'node:crypto';
import { type Identity, parseDigits, type UeId } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import type { HttpAnswer } from '../http/http-answer.ts';
import { type DiscoveryQuery, identityCount, parseDiscoveryQuery } from './discovery-query.ts';
import { type NfProfile, NUMBER_ROOM, USER_DATA_INDEX_ROOM } from './nf-profile.ts';
import { searchText } from './search-answer.ts';

/** A query without the number that it names. */
export type DiscoveryWish = Omit<DiscoveryQuery, 'ueId'>;

/** Queries that are kept read; beyond, all are read again. Elements of one kind send few. */
export const WISHES_MAX = 256;
/** Answers that are kept written, some 1.5 KB each. */
export const TEMPLATES_MAX = 4096;

/** The parameters of well-formed numbers, up to their digits (3GPP TS 29.571, TS 29.510). */
const NUMBER_PARAMETER = /(?:^|&)(?:(supi=imsi-|imsi=)|gpsi=msisdn-|msisdn=)([0-9]{5,15})(?=&|$)/;
/** Stands for the digits in a key; no digits contain it. */
const CUT = '#';

/** A query that is kept read, and the answers to it that are kept written. */
interface KeptWish {
  wish: DiscoveryWish;
  /** By route, without room for an index of user data and with it. */
  plain: Map<Route, AnswerTemplate>;
  indexed: Map<Route, AnswerTemplate>;
}

export interface ReadQuery {
  wish: DiscoveryWish;
  ueId: UeId | undefined;
  /** `undefined` where the next query is to be read anew. */
  kept: KeptWish | undefined;
}

export class PreparedDiscoveries {
  readonly #wishes = new Map<string, KeptWish>();
  #templateCount = 0;
  #routesVersion = -1;

  /** The query, or the answer to one that is not as it should be: as `parseDiscoveryQuery` has it. */
  read(query: string): ReadQuery | HttpAnswer {
    const cut = cutNumber(query);
    const known = cut && this.#wishes.get(cut.key);
    if (known) return { wish: known.wish, ueId: cut.ueId, kept: known };
    const asked = parseDiscoveryQuery(query);
    if ('status' in asked) return asked;
    const { ueId, ...wish } = asked;
    // Where there are several identities, another one may be what decides.
    if (!cut || identityCount(query) !== 1) return { wish, ueId, kept: undefined };
    if (this.#wishes.size >= WISHES_MAX) this.#forgetAll();
    const kept = { wish, plain: new Map(), indexed: new Map() };
    this.#wishes.set(cut.key, kept);
    return { wish, ueId, kept };
  }

  /**
   * What is answered to a query for a number of this route, made by `write` where it is not kept.
   *
   * @param routesVersion of the route table: another one makes all answers void
   */
  templateOf(
    kept: KeptWish | undefined,
    route: Route,
    hasIndex: boolean,
    routesVersion: number,
    write: () => AnswerTemplate,
  ): AnswerTemplate {
    if (!kept) return write();
    if (routesVersion !== this.#routesVersion) this.#forgetTemplates();
    this.#routesVersion = routesVersion;
    const templates = hasIndex ? kept.indexed : kept.plain;
    const known = templates.get(route);
    if (known) return known;
    if (this.#templateCount >= TEMPLATES_MAX) this.#forgetTemplates();
    const template = write();
    templates.set(route, template);
    this.#templateCount++;
    return template;
  }

  /** How much is kept. */
  get counts(): { wishes: number; templates: number } {
    return { wishes: this.#wishes.size, templates: this.#templateCount };
  }

  #forgetAll(): void {
    this.#wishes.clear();
    this.#templateCount = 0;
  }

  #forgetTemplates(): void {
    for (const { plain, indexed } of this.#wishes.values()) {
      plain.clear();
      indexed.clear();
    }
    this.#templateCount = 0;
  }
}

/** The first number that a query names, and the query without its digits. */
function cutNumber(query: string): { key: string; ueId: UeId } | undefined {
  const match = NUMBER_PARAMETER.exec(query);
  if (!match) return undefined;
  const digits = match[2] as string;
  const number = parseDigits(digits);
  if (number === undefined) return undefined;
  const identity: Identity = match[1] === undefined ? 'msisdn' : 'imsi';
  const end = match.index + match[0].length;
  const key = query.slice(0, end - digits.length) + CUT + query.slice(end);
  return { key, ueId: { identity, key: number } };
}

/** SearchResult as text, with room for the number and the index of its user data. */
export class AnswerTemplate {
  /** Text, and between each two pieces what belongs there. */
  readonly #pieces: readonly string[];
  readonly #isIndex: readonly boolean[];
  readonly #tag: string;

  /** @param nfInstances profiles in which the rooms of nf-profile stand for what differs */
  constructor(nfInstances: readonly NfProfile[], wish: DiscoveryWish, validitySeconds: number) {
    // A parameter's name, which the requester chose, is not among what is searched for rooms.
    const [before, profiles, after] = searchText(nfInstances, wish, validitySeconds, filledBytes);
    const parts = profiles.split(ROOMS);
    const pieces = parts.filter((_, at) => at % 2 === 0);
    pieces[0] = before + pieces[0];
    pieces[pieces.length - 1] += after;
    this.#pieces = pieces;
    this.#isIndex = parts.filter((_, at) => at % 2 === 1).map((room) => room === INDEX_TEXT);
    this.#tag = hash('sha1', pieces.join(CUT), 'base64');
  }

  /** `userDataIndex` must be there exactly where the profiles have room for it. */
  fill(digits: string, userDataIndex: number | undefined): { body: string; etag: string } {
    let body = this.#pieces[0] as string;
    for (let at = 1; at < this.#pieces.length; at++) {
      body += (this.#isIndex[at - 1] ? String(userDataIndex) : `"${digits}"`) + this.#pieces[at];
    }
    // The same template with the same number and index is the same text: that is what the tag says.
    const index = userDataIndex === undefined ? '' : `/${userDataIndex}`;
    return { body, etag: `"${this.#tag}${digits}${index}"` };
  }
}

const NUMBER_TEXT = JSON.stringify(NUMBER_ROOM);
const INDEX_TEXT = JSON.stringify(USER_DATA_INDEX_ROOM);
const ROOMS = new RegExp(`(${[NUMBER_TEXT, INDEX_TEXT].map(escapeRegExp).join('|')})`);

/** Of what a room is filled with: 15 digits between quotes, or an index of up to 16. */
const FILLING_BYTES_MAX = 17;

/** How many bytes a profile with rooms takes at most when they are filled. */
function filledBytes(json: string): number {
  return json
    .split(ROOMS)
    .reduce(
      (sum, part, at) => sum + (at % 2 === 0 ? Buffer.byteLength(part) : FILLING_BYTES_MAX),
      0,
    );
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
