// What clients said, for tests to look at: the latest of it.

const most = 10_000;

/** Writes down, and forgets the oldest beyond 10,000. */
export function keep<Entry>(entries: Entry[], entry: Entry): void {
  entries.push(entry);
  if (entries.length > most) entries.shift();
}
