// How the resolver serves UDP, from its options.

import type { ServingConfig } from '../config.ts';
import { ResolverError } from '../resolver-error.ts';
import type { AuthenticationSettings } from './batch-authentication.ts';
import { readAuthenticationSettings } from './batch-keys.ts';
import { type CarrierSettings, NO_CARRIER_SETTINGS, readCarrierSettings } from './carriers.ts';
import { isMmsgSupported } from './mmsg-transport.ts';

export interface UdpSettings {
  adapter: 'mmsg' | 'dgram';
  batchPackets: number;
  /** 0: the system's own. */
  receiveBufferBytes: number;
  sendBufferBytes: number;
  isStamped: boolean;
  /** CPUs that threads are bound to, in turn; empty for none. */
  cpus: number[];
  authentication: AuthenticationSettings;
  carriers: CarrierSettings;
}

/** Throws BCHF_CONFIG_INVALID for a file that cannot be used, or an adapter that is not there. */
export function udpSettingsOf(config: ServingConfig): UdpSettings {
  const isSupported = isMmsgSupported();
  if (config.udpAdapter === 'mmsg' && !isSupported) {
    throw new ResolverError(
      'BCHF_CONFIG_INVALID',
      '--udp-adapter mmsg needs 64-bit Linux and koffi',
    );
  }
  return {
    adapter: config.udpAdapter === 'dgram' || !isSupported ? 'dgram' : 'mmsg',
    batchPackets: config.udpBatchPackets,
    receiveBufferBytes: config.udpReceiveBufferKib * 1024,
    sendBufferBytes: config.udpSendBufferKib * 1024,
    isStamped: config.udpTimestamps === 'on',
    cpus: config.udpCpus === '' ? [] : config.udpCpus.split(',').map(Number),
    authentication: readAuthenticationSettings(config),
    carriers:
      config.pdbCarriers === '' ? NO_CARRIER_SETTINGS : readCarrierSettings(config.pdbCarriers),
  };
}
