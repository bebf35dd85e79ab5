// Which threads there are, and which sockets each opens.
//
//     number   0 …                workerCount …               … + sbiWorkerCount …
//             ┌──────────────────┬───────────────────────────┬─────────────────┐
//             │ HTTP, ENUM/TCP   │ service-based interfaces  │ UDP             │
//             └──────────────────┴───────────────────────────┴─────────────────┘

import type { ListeningPorts, WorkerSockets } from './worker-messages.ts';

export const PORT_NAMES = [
  'http',
  'batch',
  'enum',
  'pdb',
  'sbi',
] as const satisfies (keyof ListeningPorts)[];

export interface ThreadCounts {
  /** Threads of all interfaces but the service-based ones and UDP, which have their own. */
  workerCount: number;
  sbiWorkerCount: number;
  udpThreads: number;
}

export class ThreadPlan {
  readonly #counts: ThreadCounts;
  readonly #sharing: { http: boolean; tcp: boolean };

  /** @param sharing what the platform can share between threads */
  constructor(counts: ThreadCounts, sharing: { http: boolean; tcp: boolean }) {
    this.#counts = counts;
    this.#sharing = sharing;
  }

  socketsOf(number: number): WorkerSockets {
    const { workerCount } = this.#counts;
    const isSbi = number >= workerCount && this.udpThreadOf(number) === undefined;
    // A port that cannot be shared goes to one thread; they are spread over the threads there are.
    const last = workerCount - 1;
    const isServing = number < workerCount;
    return {
      http: isServing && (this.#sharing.http || number === 0),
      enumTcp: isServing && (this.#sharing.tcp || number === last),
      sbi: isSbi,
    };
  }

  /** Which of the threads of UDP a number is, from 0. */
  udpThreadOf(number: number): number | undefined {
    const at = number - this.#counts.workerCount - this.#counts.sbiWorkerCount;
    return at < 0 ? undefined : at;
  }

  /**
   * The threads in the order in which they are started: all at once, unless the system shall choose a port.
   * Then the first of each kind, which are given them, and the others join them there.
   */
  waves(ports: ListeningPorts): number[][] {
    const { workerCount, sbiWorkerCount, udpThreads } = this.#counts;
    const count = workerCount + sbiWorkerCount + udpThreads;
    const all = Array.from({ length: count }, (_, number) => number);
    if (PORT_NAMES.every((name) => ports[name] > 0)) return [all];
    const isFirst = (number: number) =>
      [0, workerCount, workerCount + sbiWorkerCount].includes(number);
    return [all.filter(isFirst), all.filter((number) => !isFirst(number))];
  }
}
