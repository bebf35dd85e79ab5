// Hundreds of consortia on a bad network: see simulated-indexes.test.

process.env.BCHF_TEST_SCHEDULES ??= '300';
await import('./simulated-indexes.test.ts');
