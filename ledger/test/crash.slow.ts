// A process that commits blocks is killed fifty times.

process.env.BCHF_TEST_CRASHES ??= '50';
await import('./crash.test.ts');
