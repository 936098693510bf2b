// The answer of a bench, for people and as JSON.
import { cpus } from 'node:os';
import type { Record } from './harness.ts';
import type { Place } from './place.ts';

export interface Ratio {
  readonly name: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface Answer {
  readonly question: string;
  readonly records: readonly Record[];
  readonly ratios: readonly Ratio[];
  /** Where the store stood, if there was one. */
  readonly place?: Pick<Place, 'fileSystem' | 'meanFsyncMs'>;
  /** What was counted, and what it should have been. */
  readonly counts: readonly { readonly what: string; readonly counted: number; readonly expected: number }[];
  readonly faults: readonly string[];
}

/** How many times as fast as `beside`, round by round. */
export function ratioOf(name: string, record: Record | undefined, beside: Record | undefined): Ratio {
  const ratios = (record?.turns ?? []).map((turn, round) => rate(turn) / rate(beside?.turns[round] ?? turn));
  return { name, min: Math.min(...ratios), median: median(ratios), max: Math.max(...ratios) };
}

export const asJson = ({ question, records, ratios, place, counts, faults }: Answer): string =>
  `${JSON.stringify({ question, contenders: records.map(figures), ratios: ratios.map(roundedRatio), ...machine(place), counts, faults })}\n`;

export function asText({ question, records, ratios, place, counts, faults }: Answer): string {
  const { node, cpu, fileSystem, meanFsyncMs } = machine(place);
  const disk = place ? `, ${fileSystem}, mean fsync ${meanFsyncMs} ms` : '';
  const rows = records
    .map(figures)
    .map((row) => [
      row.name,
      String(row.messagesPerSecond),
      `${row.spread[0]} to ${row.spread[1]}`,
      `${row.cpuMicrosPerMessage} µs`,
      `${row.delayP99Ms} ms`,
      `${row.delayMaxMs} ms`,
    ]);
  const head = ['', 'messages/s', 'over the rounds', 'CPU/message', 'loop delay p99', 'max'];
  return [
    question,
    `Node ${node}, ${cpu}${disk}`,
    '',
    ...(rows.length > 0 ? [...table([head, ...rows]), ''] : []),
    ...ratios.map(roundedRatio).map(({ name, min, median: middle, max }) => `${name}: ${middle} (${min} to ${max})`),
    ...counts.map(({ what, counted, expected }) => `${what}: ${counted} of ${expected}`),
    ...faults.map((fault) => `FAULT: ${fault}`),
    '',
  ].join('\n');
}

function figures({ name, turns }: Record) {
  const rates = turns.map(rate);
  return {
    name,
    messagesPerSecond: Math.round(median(rates)),
    spread: [Math.round(Math.min(...rates)), Math.round(Math.max(...rates))] as const,
    cpuMicrosPerMessage: Math.round(median(turns.map(({ cpuSeconds, messages }) => (cpuSeconds / messages) * 1e6))),
    delayP99Ms: rounded(median(turns.map(({ delayP99Ms }) => delayP99Ms))),
    delayMaxMs: rounded(Math.max(...turns.map(({ delayMaxMs }) => delayMaxMs))),
  };
}

const machine = (place: Answer['place']) => {
  const processors = cpus();
  return {
    node: process.versions.node,
    cpu: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    ...(place && { fileSystem: place.fileSystem, meanFsyncMs: rounded(place.meanFsyncMs) }),
  };
};

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
}

const rate = ({ messages, seconds }: Record['turns'][number]): number => messages / seconds;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? 0)) / 2;
}

const rounded = (value: number): number => Number(value.toFixed(2));
const roundedRatio = ({ name, min, median: middle, max }: Ratio): Ratio => ({ name, min: rounded(min), median: rounded(middle), max: rounded(max) });
