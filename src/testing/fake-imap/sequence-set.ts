// Sets of message numbers or UIDs as IMAP writes them: `1:5,7,9:*` (RFC 9051 section 4.1.1). Pure.

/** `*` is Infinity. */
export type SequenceSet = readonly (readonly [number, number])[];

const form = /^(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*$/;

/** Undefined if it is none. */
export function parseSequenceSet(text: string): SequenceSet | undefined {
  if (!form.test(text)) return undefined;
  const set = text.split(',').map((range): [number, number] => {
    const [first = 0, last = first] = range.split(':').map((end) => (end === '*' ? Number.POSITIVE_INFINITY : Number(end)));
    return [first, last];
  });
  return set.some((range) => range.includes(0)) ? undefined : set;
}

/** `largest` is what `*` stands for. The ends of a range may come in either order. */
export function includes(set: SequenceSet, number: number, largest: number): boolean {
  return set.some((range) => {
    // `9:*` has the largest in it, even if that is below 9.
    const [a, b] = range.map((end) => (end === Number.POSITIVE_INFINITY ? largest : end)) as [number, number];
    return number >= Math.min(a, b) && number <= Math.max(a, b);
  });
}

/** Whether it names a number above `largest`; `*` does if there is none at all. */
export const exceeds = (set: SequenceSet, largest: number): boolean =>
  set.some((range) => range.some((end) => (end === Number.POSITIVE_INFINITY ? largest === 0 : end > largest)));

/** The shortest set of these ascending numbers: `1:3,5`. */
export function formatSequenceSet(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`)).join(',');
}
