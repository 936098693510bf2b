// Lets a program that uses nodemailer point its transport at the spool: sendMail then resolves once the message is on
// disk, and the spooler does the rest.
import type { SendMailOptions, Transport } from 'nodemailer';
import type { EntryId } from '../message/recipient.ts';
import type { SubmitMessage, SubmitOptions } from '../message/submit-message.ts';
import type { Spooler } from './contract.ts';

/** What sendMail resolves to: accepted is what the spool took; what becomes of it is told by `spooler.settled(id)`. */
export interface SpooledMessageInfo {
  readonly id: EntryId;
  readonly messageId: string;
  readonly envelope: { readonly from: string | false; readonly to: readonly string[] };
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  readonly response: string;
}

/**
 * For `nodemailer.createTransport(nodemailerTransport(spooler))`.
 * @param options apply to every message
 */
export function nodemailerTransport(spooler: Pick<Spooler, 'submit'>, options: SubmitOptions = {}): Transport<SpooledMessageInfo> {
  return {
    name: 'mailspool',
    version: '1',
    send: ({ data }, callback) => {
      spooler.submit(fieldsOf(data), options).then(
        ({ id, messageId, envelope }) => {
          const to: string[] = [envelope.to].flat();
          callback(null, { id, messageId, envelope: { from: envelope.from, to }, accepted: to, rejected: [], response: `250 2.0.0 queued as ${id}` });
        },
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      );
    },
  };
}

/** nodemailer puts its own headers and defaults there; everything else is what the program gave. */
const fieldsOf = (data: SendMailOptions): SubmitMessage => data;
