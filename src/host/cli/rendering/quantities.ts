// Times, durations and sizes as people read them.

const units = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `5 days`, `40 min`, `1 h 30 min`, `800 ms`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'for ever';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const at = units.findIndex(([, size]) => ms >= size);
  const [name, size] = units[at] ?? units[3];
  const count = Math.floor(ms / size);
  const next = units[at + 1];
  const rest = next === undefined ? 0 : Math.round((ms - count * size) / next[1]);
  const first = `${count} ${name === 'day' && count !== 1 ? 'days' : name}`;
  return rest === 0 || next === undefined || rest * next[1] >= size ? first : `${first} ${rest} ${next[0]}`;
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  for (const unit of ['kB', 'MB', 'GB']) {
    bytes /= 1000;
    if (bytes < 999.5 || unit === 'GB') return `${bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
  }
  return `${bytes} B`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-03-01 14:05:09`, local time. */
export function dateTime(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${timeOfDay(at)}`;
}

/** `14:05:09`, local time. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
