// The other direction of a crash run: a mailbox at a real Dovecot that is filled while spoolers come and go.
import { startDovecot, type Dovecot } from '../integration/dovecot/server.ts';
import { systemClock } from 'mailspool';
import { digestOf, letter } from './letters.ts';
import type { Ledger } from './ledger.ts';
import type { Life } from './spooler-process.ts';

/** Between two messages: about as many as a spooler takes in that has its hands full with sending. */
const pauseMs = 100;

export class Mailbox implements AsyncDisposable {
  readonly #server: Dovecot;
  readonly #ledger: Ledger;
  readonly #who: { readonly user: string; readonly pass: string };
  readonly #stop = new AbortController();
  #filling: Promise<void> = Promise.resolve();

  private constructor(server: Dovecot, ledger: Ledger) {
    this.#server = server;
    this.#ledger = ledger;
    this.#who = server.newUser();
  }

  static async start(ledger: Ledger): Promise<Mailbox> {
    const mailbox = new Mailbox(await startDovecot(), ledger);
    mailbox.#filling = mailbox.#fill();
    return mailbox;
  }

  get access(): Life['imap'] {
    return { port: this.#server.securePort, ca: this.#server.ca, ...this.#who };
  }

  /** Nothing is added afterwards. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#filling;
  }

  /** What the receiver has not deleted. */
  async left(): Promise<number> {
    const found = await this.#server.doveadm('search', '-u', this.#who.user, 'mailbox', 'INBOX', 'all');
    return found.split('\n').filter((line) => line.trim() !== '').length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#server[Symbol.asyncDispose]();
  }

  async #fill(): Promise<void> {
    for (let number = 1; !this.#stop.signal.aborted; number += 1) {
      const { raw, messageId } = letter(`0.${number}`, number);
      await this.#server.append(this.#who.user, raw);
      this.#ledger.delivered(messageId, digestOf(raw));
      await systemClock.sleep(pauseMs);
    }
  }
}
