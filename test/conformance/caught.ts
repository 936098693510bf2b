// How a table of wrong implementations is read: which case catches which.
import type { ConformanceReport } from 'mailspool/testing';

/** The title's beginning, as the table has it, of each case that failed; the whole title where the table has none. */
export const caughtBy = (report: ConformanceReport, expected: readonly string[]): string[] =>
  [...new Set(report.failed.map((title) => longest(expected, title) ?? title))].sort();

/** Why the cases failed that did. */
export const reasons = ({ cases }: ConformanceReport): string =>
  cases
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ title, why }) => `${title}: ${why?.split('\n')[0]}`)
    .join('\n');

/** The cases that no wrong implementation is there for. */
export const unproven = (report: ConformanceReport, wrong: readonly { readonly caughtBy: readonly string[] }[]): string[] => {
  const beginnings = wrong.flatMap((one) => one.caughtBy);
  return report.cases.map(({ title }) => title).filter((title) => longest(beginnings, title) === undefined);
};

const longest = (beginnings: readonly string[], title: string): string | undefined =>
  beginnings.filter((beginning) => title.startsWith(beginning)).sort((a, b) => b.length - a.length)[0];

/** What those do who are caught by this case: those that it was built for, or where there is none whoever fails it. */
export function caughtFirst(
  title: string,
  titles: readonly string[],
  wrong: Readonly<Record<string, { readonly caughtBy: readonly string[] }>>,
): string[] {
  const meant = (beginning: string): boolean => {
    const exact = titles.filter((one) => one.startsWith(beginning));
    return exact.includes(title);
  };
  const all = Object.entries(wrong).filter(([, { caughtBy }]) => caughtBy.some(meant));
  const first = all.filter(
    ([
      ,
      {
        caughtBy: [beginning = ''],
      },
    ]) => meant(beginning),
  );
  return (first.length > 0 ? first : all).map(([name]) => name);
}
