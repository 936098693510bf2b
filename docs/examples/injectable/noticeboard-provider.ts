// A transport provider as an injectable class: the container makes it and what it needs. The constructor names no
// tokens; reflect-metadata tells their types.
import { injectable } from 'inversify';
import type { OutboundMessage, SubmitResult, TransportProvider, TransportSession } from 'mailspool/provider';

@injectable()
export class Noticeboard {
  readonly notices: string[] = [];
}

@injectable()
export class NoticeboardProvider implements TransportProvider {
  readonly name = 'noticeboard';

  constructor(private readonly board: Noticeboard) {}

  async logon(): Promise<TransportSession> {
    return { addressTypes: ['BOARD'], submitMessage: (message) => this.#pin(message) };
  }

  async #pin(message: OutboundMessage): Promise<SubmitResult> {
    for (const { address } of message.recipients) this.board.notices.push(`${address}: ${message.properties.subject}`);
    return { outcome: 'accepted' };
  }
}
