// Lets a program that uses nodemailer point its transport at the spool: sendMail then resolves once the message is on
// disk, and the spooler does the rest.
import { callbackify } from 'node:util';
import type { Transport } from 'nodemailer';
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
      const done = callbackify(async () => await spooled(spooler, data, options));
      done(callback);
    },
  };
}

async function spooled(spooler: Pick<Spooler, 'submit'>, data: SubmitMessage, options: SubmitOptions): Promise<SpooledMessageInfo> {
  const { id, messageId, envelope } = await spooler.submit(data, options);
  const to: string[] = [envelope.to].flat();
  return { id, messageId, envelope: { from: envelope.from, to }, accepted: to, rejected: [], response: `250 2.0.0 queued as ${id}` };
}
