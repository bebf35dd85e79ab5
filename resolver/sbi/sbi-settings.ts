// What a thread of the service-based interfaces is started with, from the options.

import type { ServingConfig } from '../config.ts';
import type { CollocatedNfType } from './nf-profile.ts';

/** Can be sent to a thread. */
export interface SbiSettings {
  validitySeconds: number;
  collocated: readonly CollocatedNfType[];
  elementScheme: 'http' | 'https';
}

export function sbiSettingsOf(config: ServingConfig): SbiSettings {
  return {
    validitySeconds: config.sbiValidityS,
    collocated: config.sbiCollocated,
    elementScheme: config.sbiElementScheme,
  };
}
