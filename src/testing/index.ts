// mailspool/testing: what a test needs. A clock that is moved by hand, randomness that can be replayed, mail servers
// in the process.
export type { Duration } from './duration.ts';
export { seededRandom, type SeededRandom } from './seeded-random.ts';
export { virtualTime, type VirtualTime, type VirtualTimeOptions } from './virtual-time.ts';
