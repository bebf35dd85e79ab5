// The minimal NRF of a process: its state lives once, in the main thread, and every thread of the
// service-based interfaces asks there. What is asked of it is rare: registrations, heartbeats,
// discoveries without an identity.

import { randomUUID } from 'node:crypto';
import type { HttpAnswer } from '../../http/http-answer.ts';
import { problem } from '../../http/problem.ts';
import type { SbiRequest } from '../sbi-message.ts';
import { answerNrf, type MinimalNrf, sweepNrf } from './minimal-nrf.ts';
import { NfRegistry } from './nf-registry.ts';
import { createNrfNotifier } from './nrf-notifier.ts';

const SWEEP_INTERVAL_MS = 1000;

export interface NrfHost {
  /** Never rejects. */
  ask(request: SbiRequest): Promise<HttpAnswer>;
  counts(): Record<
    'instances' | 'subscriptions' | 'sentNotifications' | 'lostNotifications',
    number
  >;
  stop(): void;
}

export type NrfHostSettings = Omit<MinimalNrf, 'registry' | 'notify' | 'newId'>;

/** @param onFault told of what should not have happened */
export function startNrfHost(
  settings: NrfHostSettings,
  onFault: (error: unknown) => void,
): NrfHost {
  const notifier = createNrfNotifier();
  const registry = new NfRegistry();
  const nrf: MinimalNrf = {
    ...settings,
    registry,
    notify: notifier.notify,
    newId: () => randomUUID().replaceAll('-', ''),
  };
  const sweeping = setInterval(() => sweepNrf(nrf), SWEEP_INTERVAL_MS);
  sweeping.unref();
  return {
    async ask(request) {
      try {
        return await answerNrf(request, nrf);
      } catch (error) {
        onFault(error);
        return problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.');
      }
    },
    counts: () => ({
      instances: registry.instanceCount,
      subscriptions: registry.subscriptionCount,
      ...notifier.counts(),
    }),
    stop() {
      clearInterval(sweeping);
      notifier.close();
    },
  };
}
