// Mailslots as a transport: mail to the address type MAILSLOT goes into slots, and what comes into own slots is received.
import type { LogonOptions, SpoolerSupport, TransportProvider, TransportSession } from 'mailspool/provider';
import { mailslotHost, type MailslotHost } from '../host.ts';
import { Inbox } from './inbox.ts';
import { type MailslotOptions, mailslotSettings, type MailslotSettings } from './options.ts';
import { mailslotSession } from './session.ts';

/**
 * Sends to `[MAILSLOT:\\host\mailslot\name]` and the like, and receives from its `inboxes`.
 * @throws ECONFIG naming the field
 */
export function mailslot(options: MailslotOptions = {}): TransportProvider {
  return new MailslotProvider(mailslotSettings(options));
}

interface Opened {
  readonly host: MailslotHost;
  readonly inbox: Inbox | undefined;
}

class MailslotProvider implements TransportProvider {
  readonly name: string;
  readonly #settings: MailslotSettings;
  #opened: Opened | undefined;

  constructor(settings: MailslotSettings) {
    this.name = settings.providerName;
    this.#settings = settings;
  }

  /** @throws EEXIST while another process owns an inbox */
  async logon(support: SpoolerSupport, { inbound, offline }: LogonOptions): Promise<TransportSession> {
    const { host, inbox } = (this.#opened ??= this.#open(support));
    // Offline nothing is opened; the slots come with the first inbound event (M-005).
    if (!offline) await inbox?.open();
    return mailslotSession({ support, host, inbox, inbound, maxDatagramMailBytes: this.#settings.maxDatagramMailBytes });
  }

  async shutdown(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.inbox?.close();
    if (opened && !this.#settings.host) await opened.host.close();
  }

  #open({ clock, random, logger }: SpoolerSupport): Opened {
    const { inboxes } = this.#settings;
    const host = this.#settings.host ?? mailslotHost({ ...this.#settings.hostOptions, clock, random, logger });
    return { host, inbox: inboxes.length > 0 ? new Inbox({ host, inboxes, clock, logger }) : undefined };
  }
}
