// What every element of a core has in common: how it is started, told its place in the world, commanded
// by whoever operates it, and stopped.

import type { Plmn } from '../../ledger/route.ts';
import type { BchfInterface, BchfSettings } from './bchf-source.ts';
import type { Network } from './directory.ts';
import type { GenerationName } from './forms.ts';
import type { Role } from './generation.ts';
import type { RegistrationSource } from './registration.ts';

export interface ElementStart {
  role: Role;
  generation: GenerationName;
  /** For people, unique in a core: `AMF operator-a`. */
  name: string;
  network: Plmn;
}

/** Sources of figures 8 and 9. */
export type RoutingSource = 'bchf' | 'signalling' | 'portability';

/** What an element is told once all elements listen, and again when something changes. */
export interface ElementSettings {
  networks: readonly Network[];
  bchf: BchfSettings;
  /** How long another element may take. */
  peerTimeoutMs: number;
  /** How long a terminal is paged: less, because who asked is waiting meanwhile. */
  pagingMs: number;
  registration: { order: readonly RegistrationSource[]; by: BchfInterface };
  routing: { order: readonly RoutingSource[]; by: BchfInterface };
  /** Signalling routing: the data management element of a segment of numbers, by leading digits. */
  signalling: readonly { prefix: string; network: Plmn }[];
  /** The address of the portability database. */
  portability: string;
  /** Whether a UDM asks for a credential, or takes requests without one too. */
  credentials: 'required' | 'optional';
}

export interface Element {
  port: number;
  configure(settings: ElementSettings): void;
  /** A command of its operator, such as `open-accounts`. */
  command(name: string, argument: never): unknown;
  close(): Promise<void>;
}
