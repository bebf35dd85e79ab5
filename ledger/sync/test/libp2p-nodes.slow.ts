// Eight member nodes over real sockets, with more blocks than the quick suite makes.

process.env.BCHF_TEST_NODES ??= '8';
process.env.BCHF_TEST_BLOCKS ??= '12';
await import('./libp2p-nodes.test.ts');
