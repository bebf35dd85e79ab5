// A process as the console might find it.

import {
  type Figures,
  type FiguresSample,
  INTERFACE_IDS,
  type InterfaceFigures,
  type Status,
} from '../console-model.ts';

export const STATUS: Status = {
  block: { height: 1234, blockHash: 'AB'.repeat(32), time: '2026-11-28T12:00:00.000Z' },
  lagMs: 0,
  workers: 4,
  httpNative: true,
  udpAdapter: 'mmsg',
  routes: 3791,
  entries: {
    imsi: { prefix: 3022, fragmented: 800, ported: 0 },
    msisdn: { prefix: 28_884, fragmented: 3200, ported: 200_000 },
  },
  ports: { http: 8080, batch: 5350, enum: 5300, pdb: 5574, sbi: 7777 },
};

/** A minute of samples that end at a time; the batch protocol is the busy one. */
export function figuresUntil(atMs: number, count = 60): Figures {
  const samples = Array.from({ length: count }, (_, second): FiguresSample => {
    const figures = (share: number): InterfaceFigures => ({
      requests: 100 * share,
      lookups: Math.round(10_000 * share * (1 + Math.sin(second / 6) / 4)),
      failures: 0,
      drops: 0,
      p50Us: share === 0 ? null : 40 + (second % 7),
      p99Us: share === 0 ? null : 180 + (second % 11) * 4,
      p999Us: share === 0 ? null : 900,
    });
    return {
      atMs: atMs - (count - 1 - second) * 1000,
      height: 1234,
      lagMs: 0,
      threads: 4,
      cpu: 0.7,
      residentBytes: 350 * 2 ** 20,
      interfaces: Object.fromEntries(
        INTERFACE_IDS.map((id, at) => [id, figures([0.1, 1, 0.4, 0.05, 0][at]!)]),
      ) as FiguresSample['interfaces'],
    };
  });
  return { intervalMs: 1000, samples };
}
