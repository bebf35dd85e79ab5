// The seed of a test's random choices: printed, and repeated by giving it as BCHF_TEST_SEED.

/** A new seed from 0 to 2³² − 1, or the one that was given. */
export function testSeed(): number {
  const given = process.env.BCHF_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given) >>> 0;
  console.log(`BCHF_TEST_SEED=${seed}`);
  return seed;
}
