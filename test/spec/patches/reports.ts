// 7. Recipient status and reports
import type { Removal } from './removal.ts';

export const reports: readonly Removal[] = [
  {
    number: 'M-064',
    file: 'src/store/operations/recipient-change.ts',
    find: 'if (status && !isPermitted(state, status.state)) return false;',
    replace: '',
    why: 'a later word replaces a final one',
  },
  {
    number: 'M-064',
    file: 'src/spooler/status-recipients.ts',
    find: 'return [{ recipient, status: { state: word.status, at: word.at } }];',
    replace: 'return [{ recipient }];',
    why: 'a delivery that is told changes nothing',
  },
  {
    number: 'M-065',
    file: 'src/reports/report-policy.ts',
    find: 'asked.delivery === true',
    replace: 'asked.delivery !== false',
    why: 'everybody gets delivery reports',
  },
  {
    number: 'M-065',
    file: 'src/reports/report-policy.ts',
    find: 'asked.nonDelivery !== false &&',
    replace: '',
    why: 'who declined non-delivery reports gets them',
  },
  {
    number: 'M-066',
    file: 'src/spooler/report-writer.ts',
    find: 'message.submitted ?? message.content',
    replace: 'message.content',
    why: 'the report returns the message as preprocessors left it',
  },
  {
    number: 'M-066',
    file: 'src/reports/delivery-report.ts',
    find: "if (!returned || kind === 'delivery') return [];",
    replace:
      "if (!returned) return [];\n  if (kind === 'delivery' && returned.bytes instanceof Uint8Array) return [{ contentType: 'message/rfc822', content: returned.bytes }];",
    why: 'a delivery report attaches the message',
  },
  {
    number: 'M-067',
    file: 'src/reports/report-policy.ts',
    find: 'message.properties.reportTo ?? message.returnPath',
    replace: 'message.returnPath',
    why: 'reports go to the sender, whoever else is named',
  },
  {
    number: 'M-067',
    file: 'src/reports/delivery-report.ts',
    find: 'REPORT.${messageClass}.',
    replace: 'REPORT.${defaultMessageClass}.',
    why: 'the class of the original is not in that of the report',
  },
  {
    number: 'M-068',
    file: 'src/reports/original.ts',
    find: "originalDisplayTo: shown('to'),",
    replace: '',
    why: 'the report does not say whom the original went to',
  },
  {
    number: 'M-068',
    file: 'src/reports/delivery-report.ts',
    find: "...(kind === 'nonDelivery' && failed?.diagnostic",
    replace:
      "...(failed?.diagnostic === undefined && delivered ? { diagnosticCode: '2.0.0' } : {}),\n      ...(kind === 'nonDelivery' && failed?.diagnostic",
    why: 'a delivery report has a diagnostic code',
  },
  {
    number: 'M-069',
    file: 'src/reports/original.ts',
    find: '...(reportTag ? { reportTag } : {}),',
    replace: '',
    why: 'the report does not repeat the tag',
  },
  {
    number: 'M-070',
    file: 'src/spooler/arrivals.ts',
    find: 'if (isReport(message)) await this.#heed(message, inline);',
    replace: '',
    why: 'a report that arrives says nothing of the message that it is about',
  },
  {
    number: 'M-070',
    file: 'src/spooler/arrivals.ts',
    find: 'statusRecipients({ engine, settler }, lookup,',
    replace: 'statusRecipients({ engine, settler, reports: this.#parts.reports }, lookup,',
    why: 'a failure of which a report has arrived is reported once more',
  },
  {
    number: 'M-071',
    file: 'src/spooler/read-receipts.ts',
    find: 'return { report: { ...report, idempotencyKey }, receipt:',
    replace: 'return { report, receipt:',
    why: 'of several calls at once each writes a report',
  },
  {
    number: 'M-071',
    file: 'src/spooler/read-receipts.ts',
    find: 'if (await this.#isCopy(message, reader))',
    replace: 'if (reader === undefined)',
    why: 'each copy is reported on',
  },
  {
    number: 'M-071',
    file: 'src/spooler/read-receipts.ts',
    find: "if (message.receipt) return { report: 'none', reason: 'alreadyReported' };",
    replace: '',
    why: 'a message is reported on twice',
  },
];
