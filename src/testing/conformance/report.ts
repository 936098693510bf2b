// What a conformance suite found, and the table that shows it: a case in each row, a subject in each column.

/** `notRun`: the runner was told to run other cases only. */
export type CaseOutcome = 'passed' | 'failed' | 'notShown' | 'notRun';

export interface CaseReport {
  /** A promise, with the numbers of the behaviours that it shows. */
  readonly title: string;
  readonly outcome: CaseOutcome;
  /** What went wrong, or why it cannot be shown. */
  readonly why?: string;
}

/** What one subject showed. It fills while the cases run. */
export interface ConformanceReport {
  readonly subject: string;
  /** In the order of the suite. */
  readonly cases: readonly CaseReport[];
  /** Titles of the cases that failed. */
  readonly failed: readonly string[];
  /** The report as a Markdown table with one column. */
  markdown(): string;
}

export class GrowingReport implements ConformanceReport {
  readonly subject: string;
  readonly #cases: Map<string, CaseReport>;

  constructor(subject: string, titles: readonly string[]) {
    this.subject = subject;
    this.#cases = new Map(titles.map((title) => [title, { title, outcome: 'notRun' }]));
  }

  get cases(): readonly CaseReport[] {
    return [...this.#cases.values()];
  }

  get failed(): readonly string[] {
    return this.cases.filter(({ outcome }) => outcome === 'failed').map(({ title }) => title);
  }

  note(title: string, outcome: CaseOutcome, why?: string): void {
    this.#cases.set(title, { title, outcome, ...(why !== undefined && { why }) });
  }

  markdown(): string {
    return conformanceMatrix([this]);
  }
}

/**
 * Several subjects of one suite beside each other, as a Markdown table: passed, failed, or not shown, the last two with
 * the reason. A last row counts.
 */
export function conformanceMatrix(reports: readonly ConformanceReport[]): string {
  const titles = [...new Set(reports.flatMap(({ cases }) => cases.map(({ title }) => title)))];
  const rows = titles.map((title) => [title, ...reports.map((report) => cell(report.cases.find((one) => one.title === title)))]);
  const counts = reports.map(({ cases }) => {
    const count = (wanted: CaseOutcome) => cases.filter(({ outcome }) => outcome === wanted).length;
    return `${count('passed')} passed, ${count('failed')} failed, ${count('notShown') + count('notRun')} not shown`;
  });
  const head = ['behaviour', ...reports.map(({ subject }) => subject)];
  return [head, head.map(() => '---'), ...rows, ['', ...counts]].map((cells) => `| ${cells.map(escaped).join(' | ')} |\n`).join('');
}

function cell(found: CaseReport | undefined): string {
  if (found === undefined || found.outcome === 'notRun') return 'not run';
  const words = { passed: 'passed', failed: '**failed**', notShown: 'not shown' }[found.outcome];
  return found.why === undefined ? words : `${words}: ${found.why}`;
}

/** The first line is enough; a bar would end the cell. */
const escaped = (text: string): string => (text.split('\n', 1)[0] ?? '').replaceAll('\\', '\\\\').replaceAll('|', '\\|').trim();
