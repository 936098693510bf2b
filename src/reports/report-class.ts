// The message class of a report that arrived (M-067), by what it says. Its headers alone leave that open.
import { recognise, type RecognisedReport } from './recognise.ts';

/** @param given the class that the headers stand for */
export function reportClass(given: string, beginning: Uint8Array): string {
  const report = given.startsWith('REPORT.') ? recognise(beginning) : undefined;
  const kind = report && kindOf(report);
  return kind === undefined ? given : `REPORT.IPM.Note.${kind}`;
}

function kindOf({ rows, disposition }: RecognisedReport): string | undefined {
  if (disposition) return disposition.type === 'deleted' ? 'IPNNRN' : 'IPNRN';
  if (rows.some(({ action }) => action === 'failed')) return 'NDR';
  if (rows.some(({ action }) => action === 'delayed')) return 'Delayed.DR';
  return rows.length > 0 ? 'DR' : undefined;
}
