// What differs from one generation to the next: how elements are called, and how operations travel.

import type { Route } from '../../ledger/route.ts';
import { FORMS, type Form, type GenerationName } from './forms.ts';
import type { Wire } from './wire.ts';
import { WIRE_2G } from './wire-2g-codec.ts';
import { WIRE_4G } from './wire-4g-codec.ts';
import { WIRE_5G } from './wire-5g-codec.ts';

/** What an element does; a process plays one of these. */
export const ROLES = ['serving', 'call', 'message', 'data', 'portability', 'terminals'] as const;
export type Role = (typeof ROLES)[number];

export interface Generation {
  name: GenerationName;
  title: string;
  elements: Readonly<Record<Role, string>>;
  nfType: Route['nfType'];
  wire: Wire;
  /** What travels between a terminal and its network. */
  terminal: Readonly<Record<'register' | 'call' | 'submit' | 'deliver', Form>>;
  /** Whether a call is led by a roaming number that the home network asks the visited one for. */
  hasRoamingNumbers: boolean;
}

export const GENERATION: Readonly<Record<GenerationName, Generation>> = {
  '5g': {
    name: '5g',
    title: '5G',
    elements: {
      serving: 'AMF',
      call: 'P-CSCF',
      message: 'SMS-GMSC',
      data: 'UDM',
      portability: 'MNPF',
      terminals: 'UE',
    },
    nfType: 'UDM',
    wire: WIRE_5G,
    terminal: FORMS['5g'],
    hasRoamingNumbers: false,
  },
  '4g': {
    name: '4g',
    title: '4G',
    elements: {
      serving: 'MME',
      call: 'P-CSCF',
      message: 'SMS-GMSC',
      data: 'HSS',
      portability: 'MNP-SRF',
      terminals: 'UE',
    },
    nfType: 'HSS',
    wire: WIRE_4G,
    terminal: FORMS['4g'],
    hasRoamingNumbers: false,
  },
  '2g': {
    name: '2g',
    title: '2G/3G',
    elements: {
      serving: 'SGSN/VLR',
      call: 'MSC',
      message: 'SMSC',
      data: 'HLR',
      portability: 'MNP-SRF',
      terminals: 'MS',
    },
    nfType: 'HLR',
    wire: WIRE_2G,
    terminal: FORMS['2g'],
    hasRoamingNumbers: true,
  },
};
