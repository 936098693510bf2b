// Tells the demo's story as it happens: a line for each step of each message, in the order of the steps.
import type { EntryId } from '../../message/recipient.ts';
import type { Spooler, SpoolerEvent } from '../../spooler/contract.ts';
import type { Change } from '../../store/message-store.ts';
import type { Clock } from '../../time/clock.ts';
import type { Output } from '../cli/output.ts';
import type { Tone } from '../cli/rendering/colours.ts';
import { eventText } from '../cli/rendering/events.ts';
import { senderText } from '../cli/rendering/messages.ts';
import { printable } from '../cli/rendering/printable.ts';
import { padded, paddedLeft } from '../cli/rendering/width.ts';

const told: ReadonlySet<SpoolerEvent['type']> = new Set<SpoolerEvent['type']>([
  ...(['queued', 'preprocessed', 'sending', 'relayed', 'delivered', 'failed', 'deferred', 'uncertain', 'expired', 'cancelled', 'held'] as const),
  ...(['loggedOn', 'gate', 'warning'] as const),
]);
const timeWidth = 8;
const numberWidth = 3;
const labelWidth = 12;

export class Narrator {
  readonly #output: Output;
  readonly #spooler: Spooler;
  readonly #beganAt: number;
  readonly #numbers = new Map<EntryId, number>();
  /** New mail is looked up before it is told, so the lines queue up. */
  #last: Promise<void> = Promise.resolve();

  constructor(output: Output, clock: Clock, spooler: Spooler) {
    this.#output = output;
    this.#spooler = spooler;
    this.#beganAt = clock.now();
  }

  /** Starts telling; ends with the spooler, or when what it returns is called. */
  listen(): () => void {
    const events = this.#spooler.events$.subscribe((event) => this.#event(event));
    const mail = this.#spooler.newMail$.subscribe((change) => this.#newMail(change));
    return () => {
      events.unsubscribe();
      mail.unsubscribe();
    };
  }

  /** Everything that was heard is written. */
  async caughtUp(): Promise<void> {
    await this.#last;
  }

  #event(event: SpoolerEvent): void {
    if (!told.has(event.type)) return;
    this.#output.record(event);
    const { label, tone, subject, detail } = eventText(event);
    const id = 'id' in event ? event.id : undefined;
    const text = id === undefined ? [subject, detail].filter((part) => part !== '').join('  ') : detail;
    this.#then(event.at, async () => {
      const more = event.type === 'queued' ? ((await this.#spooler.get(event.id))?.properties.subject ?? '') : text;
      return { number: id === undefined ? undefined : this.#number(id), label: event.type === 'failed' ? 'refused' : label, tone, text: more };
    });
  }

  #newMail(change: Extract<Change, { type: 'newMail' }>): void {
    this.#output.record(change);
    this.#then(change.at, async () => {
      const message = await this.#spooler.get(change.id);
      const report = change.messageClass.startsWith('REPORT');
      const text = message === undefined ? '' : `${message.properties.subject ?? ''}  from ${senderText(message)}`;
      return { number: undefined, label: report ? 'report' : 'new mail', tone: report ? 'waiting' : 'name', text };
    });
  }

  #then(at: number, line: () => Promise<{ number: number | undefined; label: string; tone: Tone; text: string }>): void {
    this.#last = this.#last.then(async () => {
      const { number, label, tone, text } = await line();
      const { paint } = this.#output;
      const time = paint('faint', paddedLeft(`${((at - this.#beganAt) / 1000).toFixed(2)} s`, timeWidth));
      const name = paint('faint', paddedLeft(number === undefined ? '' : String(number), numberWidth));
      this.#output.line(`${time} ${name}  ${paint(tone, padded(label, labelWidth))}  ${printable(text)}`.trimEnd());
    });
  }

  #number(id: EntryId): number {
    const known = this.#numbers.get(id) ?? this.#numbers.size + 1;
    this.#numbers.set(id, known);
    return known;
  }
}
