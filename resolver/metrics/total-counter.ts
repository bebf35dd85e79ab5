import { Counter, type Registry } from 'prom-client';

/** Registers a counter whose total is kept elsewhere and read at every scrape. */
export function addTotalCounter(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
