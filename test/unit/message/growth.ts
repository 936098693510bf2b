// Whether work grows with its input as it should: told by processor time and by comparison, so that a busy machine
// changes nothing.

/** Processor time of this process, in ms. */
function costMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const small = 125_000;
const times = 4;

/** How many times more an input of half a megabyte costs than a quarter of it: about 4 for linear work, 16 for quadratic. */
export function growth(run: (size: number) => void): number {
  const cost = (size: number) => Math.min(...Array.from({ length: 2 }, () => costMs(() => run(size))));
  // Below a few ms the clock and the garbage collector say more than the work.
  return cost(small * times) / Math.max(cost(small), 5);
}

/** Linear work stays well below this, quadratic work well above. */
export const linear = 10;
