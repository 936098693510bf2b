// docs/reference/provider-suite.md, rendered from the titles of the suite and the tables of wrong providers, so that it
// says what the suite shows, and which mistake shows it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A case, and what the providers do that it catches. */
export interface ShownCase {
  readonly title: string;
  readonly caught: readonly string[];
}

/** Items that a case shows without naming them: the beginning of its title. */
export const shownElsewhere: Readonly<Record<string, string>> = {
  'U-011': 'U-010 U-064',
  'U-020': 'M-022',
  'U-045': 'U-018 several',
  'U-053': 'T-062 F-26',
  'X-039': 'T-019 U-009',
  'F-09': 'T-019 U-009',
  'F-11': 'T-021 what is refused for now',
  'F-12': 'T-021 U-032',
  'F-13': 'T-019 U-009',
  'F-14': 'T-022 U-016 a line that breaks before',
  'F-20': 'M-056 after',
  'F-24': 'T-052 T-069 a kill between',
  'F-25': 'T-053 U-042',
};

/** Items of which the suite shows nothing, and why. `8-12` is a range. */
const notShown: readonly (readonly [letter: string, numbers: string, why: string])[] = [
  ['M', '2 7 8', 'who is logged on when, and who else is out when a logon fails, the spooler decides'],
  ['M', '16-18 21 24', "routing and transport order are the spooler's"],
  ['M', '25-27 29 30 32-36 38-45', "the store's and the spooler's: submission, queue, locks, what becomes of a message afterwards"],
  ['M', '31', 'a restart begins with the store: its suite shows it'],
  ['M', '46', 'whether a copy has a sender of its own is up to the provider'],
  ['M', '48', 'a test beside the suite sends TNEF through each provider'],
  ['M', '49 51 55', 'when a preprocessor runs and cleans up the spooler decides'],
  ['M', '62', "what releases a held message is the provider's own matter; the reservation is the spooler's"],
  ['M', '66-69 71 72', 'the spooler writes reports, and cancels'],
  ['M', '83 85 104', 'the spooler files what was saved'],
  ['M', '95 97', 'the spooler builds the status table and its objects'],
  ['M', '107 108', 'stores log transports off through the spooler'],
  ['M', '109', 'a coupled store is more than a provider: tests of the spooler have one'],
  ['T', '1 2 4-10 14 16 17', "the store's"],
  ['T', '18 26 28 37 39-43 45 47-50 66-68 70', "the spooler's, a store's or a listener's"],
  ['T', '23 27 30-36 38 58-61', 'words of SMTP: the tests of its provider'],
  ['T', '51 54 55 57', 'words of IMAP: the tests of its provider'],
  ['T', '56', 'words of POP3'],
  ['T', '63 64', 'words of AMQP'],
  ['T', '65', 'words of mailslots: the tests of their provider'],
  ['X', '1-6 13-15 45', 'words of the protocols: the tests of each provider'],
  ['X', '8-12 16 17', 'what is in a message: composing and parsing'],
  ['X', '18-20 22-28 32-37 43 46-50', 'of the host: commands, listeners, pages, notices, records'],
  ['X', '29-31', 'words of datagrams and brokers'],
  ['X', '38 40-42 44', 'the machine: crash tests, simulation, bench'],
  ['U', '1-8 12-15 22-31', "the store's and the spooler's: queue, retries, schedule"],
  ['U', '34 36-38', "rates and fairness are the spooler's; what a greylisting server says, its provider's tests"],
  ['U', '39-41', "the bench, and the stores' suite"],
  ['U', '17 46-49', 'words of the protocols: the tests of each provider'],
  ['U', '52 55 57-60 62 63', 'parsing, reports, commands, packaging'],
  ['F', '1-8 10 15-19 21-23 27-32', 'of stores, the spooler, or one protocol'],
];

const numberIn = /\b(?:[MTUX]-\d{3}|F-\d\d)\b/g;

export const numbersOf = (title: string): string[] => title.match(numberIn) ?? [];

/** All items of the pages whose items a provider could break. */
export function allItems(): string[] {
  const read = (name: string) => readFileSync(resolve(import.meta.dirname, '../../docs/reference/behaviours', `${name}.md`), 'utf8');
  const found = ['mapi', 'reliability', 'users'].flatMap((name) =>
    [...read(name).matchAll(/^- (?:\*\*)?([MTXU]-\d{3})\b/gm)].map(([, item]) => item ?? ''),
  );
  const faults = [...read('reliability').matchAll(/^\|(\d\d)\|/gm)].map(([, number]) => `F-${number}`);
  return [...new Set([...found, ...faults])].sort(byItem);
}

/** Items that the table of reasons names. */
export const itemsNotShown = (): string[] => {
  const known = new Set(allItems());
  return notShown.flatMap(([letter, numbers]) => expanded(letter, numbers)).filter((item) => known.has(item));
};

/** Which case shows which item. */
export function shown(cases: readonly ShownCase[]): { readonly item: string; readonly one: ShownCase }[] {
  const own = cases.flatMap((one) => numbersOf(one.title).map((item) => ({ item, one })));
  const others = Object.entries(shownElsewhere).flatMap(([item, beginning]) =>
    cases.filter(({ title }) => title.startsWith(beginning)).map((one) => ({ item, one })),
  );
  return [...own, ...others].sort((a, b) => byItem(a.item, b.item));
}

export const suitePage = (cases: readonly ShownCase[]): string => `# What the provider suite covers

Each item of [the behaviours](behaviours) that a provider can break, how it would break it, and the case of
\`describeTransportProvider\` that says so. Rendered from the titles of the cases and from providers that are wrong on purpose, each
in one thing, which the suite is run over. How to run it: [write a provider](../guides/write-a-provider.md#showing-that-it-works); what
the providers of this package show: [the matrix](provider-matrix.md).

| item | a provider that | fails the case |
| --- | --- | --- |
${shown(cases)
  .map(({ item, one }) => `| ${item} | ${one.caught.map(escaped).join('; ')} | ${escaped(one.title)} |`)
  .join('\n')}

## What it does not show

| items | why |
| --- | --- |
${notShown
  .map(
    ([letter, numbers, why]) =>
      `| ${numbers
        .split(' ')
        .map((range) => spelled(letter, range))
        .join(', ')} | ${why} |`,
  )
  .join('\n')}
`;

const expanded = (letter: string, numbers: string): string[] =>
  numbers.split(' ').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => named(letter, first + index));
  });

const spelled = (letter: string, range: string): string =>
  range
    .split('-')
    .map((number) => named(letter, Number(number)))
    .join(' to ');

const named = (letter: string, number: number): string => `${letter}-${String(number).padStart(letter === 'F' ? 2 : 3, '0')}`;

const order = 'MTXFU';
function byItem(a: string, b: string): number {
  return order.indexOf(a[0] ?? '') - order.indexOf(b[0] ?? '') || (a < b ? -1 : Number(a > b));
}

const escaped = (text: string): string => text.replaceAll('|', '\\|');
