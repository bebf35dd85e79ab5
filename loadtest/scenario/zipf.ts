// Zipf's law without a table: the k-th of `count` comes in proportion to 1 / k^exponent.
//
// Rejection-inversion: the area under x^−exponent, which has a closed form and an inverse, is a little
// more than the sum of the bars under it; what falls between bar and curve is drawn again. Source:
// Hörmann and Derflinger, "Rejection-Inversion to Generate Variates from Monotone Discrete
// Distributions" (ACM TOMACS 6, 1996).

/** Draws positions, 0 to `count` − 1; `uniform` gives numbers from 0 to below 1. */
export function createZipf(count: number, exponent: number, uniform: () => number): () => number {
  const power = 1 - exponent;
  // The area below x^−exponent from 1 to x, and its inverse; near an exponent of 1 a logarithm.
  const isLogarithm = Math.abs(power) < 1e-9;
  const area = (x: number) => (isLogarithm ? Math.log(x) : (x ** power - 1) / power);
  const inverse = (y: number) => (isLogarithm ? Math.exp(y) : (1 + power * y) ** (1 / power));
  const low = area(1.5) - 1;
  const high = area(count + 0.5);
  return () => {
    for (;;) {
      const y = low + uniform() * (high - low);
      const x = inverse(y);
      const rank = Math.min(Math.max(Math.round(x), 1), count);
      if (y >= area(rank + 0.5) - rank ** -exponent) return rank - 1;
    }
  };
}
