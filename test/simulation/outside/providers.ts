// The transports of the simulated spooler. They stand between one process and the world outside, which goes on when the
// process dies.
import { createHash } from 'node:crypto';
import {
  TransportError,
  type InboundMessage,
  type OutboundMessage,
  type Recipient,
  type RecipientOutcome,
  type Remote,
  type SessionLimits,
  type SpoolerSupport,
  type SubmitResult,
  type TransportProvider,
  type TransportSession,
} from 'mailspool/provider';
import type { Take } from '../ledger.ts';
import type { Misdeed } from '../plan.ts';
import type { Process } from '../process.ts';
import type { Faults } from './faults.ts';
import { isLarge } from '../headers.ts';
import type { Mail, Mailbox } from './mailboxes.ts';

/** What a transport needs of the world. */
export interface Outside {
  readonly process: Process;
  readonly faults: Faults;
  took(number: number, address: string, digest: string): Take;
  /** A report, which has no number of its own. */
  tookReport(bytes: Uint8Array): void;
  /** What was ever taken of this message for this address. */
  hasTaken(number: number, address: string): boolean;
  /** Right before the final dot. */
  handingOver(message: OutboundMessage): void;
  /** A session that may be told of news. */
  opened(name: string, support: SpoolerSupport): void;
  saved(mailbox: Mailbox, number: number): void;
}

interface Kind {
  readonly name: string;
  readonly addressTypes: readonly string[] | null;
  readonly limits: SessionLimits;
  readonly preferLast?: boolean;
  /** Where faults are planned for a recipient. */
  target(recipient: Recipient): string;
  readonly destination?: (recipient: Recipient) => string;
  /** Says that it arrived, not only that it went on. */
  readonly delivers?: boolean;
  readonly parks?: boolean;
}

const submitTimeoutMs = 120_000;
const domainOf = ({ address }: Recipient): string => address.slice(address.indexOf('@') + 1);

export const kinds: readonly Kind[] = [
  {
    name: 'smtp',
    addressTypes: ['SMTP'],
    limits: { outbound: 4, outboundPerDestination: 2, maxUnsettled: 16, recipientsPerMessage: 3, submitTimeoutMs },
    target: domainOf,
    destination: domainOf,
  },
  {
    name: 'pilot',
    addressTypes: ['PILOT'],
    limits: { ordering: 'priority', submitTimeoutMs },
    target: () => 'pilot',
    delivers: true,
    parks: true,
  },
  { name: 'relay', addressTypes: null, preferLast: true, limits: { outbound: 2, submitTimeoutMs }, target: () => 'relay' },
];

export function sender(kind: Kind, outside: Outside): TransportProvider {
  return {
    name: kind.name,
    logon: async (support): Promise<TransportSession> => {
      await logonFails(kind.name, outside);
      outside.opened(kind.name, support);
      const wire = new Wire(kind, outside, support);
      return {
        addressTypes: kind.addressTypes,
        reception: 'none',
        limits: kind.limits,
        ...(kind.preferLast && { preferLast: true }),
        ...(kind.destination && { destination: kind.destination }),
        submitMessage: async (message, signal) => await wire.submit(message, signal),
        verifyMessage: async (message) => wire.verify(message),
        ...(kind.parks && { endMessage: async (reference) => wire.end(reference) }),
      };
    },
  };
}

async function logonFails(name: string, { faults, process }: Outside): Promise<void> {
  await process.reach('start: a session logs on');
  if (faults.happens(`logon ${name}`, ['EAUTH'])) throw new TransportError('EAUTH', 'the password is wrong');
  if (faults.happens(`logon ${name}`, ['ECONNECTION'])) throw new TransportError('ECONNECTION', 'nobody answers');
}

const temporary = (code: string, text: string) => ({ outcome: 'notSent' as const, diagnostic: { code, text } });

class Wire {
  readonly #kind: Kind;
  readonly #outside: Outside;
  readonly #support: SpoolerSupport;

  constructor(kind: Kind, outside: Outside, support: SpoolerSupport) {
    this.#kind = kind;
    this.#outside = outside;
    this.#support = support;
  }

  async submit(message: OutboundMessage, signal: AbortSignal): Promise<SubmitResult> {
    const target = this.#kind.target(message.recipients[0] as Recipient);
    const refusal = await this.#beforeTheDot(message, target, signal);
    if (refusal) return refusal;
    const bytes = await message.content.bytes();
    const digest = createHash('sha256').update(bytes).digest('hex');
    this.#outside.handingOver(message);
    await message.handingOver();
    await this.#outside.process.reach('wire: before the final dot');
    const served = message.recipients.filter(isServed);
    const takes = served.map(({ address }) => this.#outside.took(numberOf(message), address, digest));
    if (message.envelopeId === undefined) this.#outside.tookReport(bytes);
    await this.#outside.process.reach('wire: taken');
    const answer = await this.#answer(message, target, takes, signal);
    await this.#outside.process.reach('wire: answered');
    return answer;
  }

  async #beforeTheDot(message: OutboundMessage, target: string, signal: AbortSignal): Promise<SubmitResult | undefined> {
    const { faults } = this.#outside;
    const { clock } = this.#support;
    const what = faults.happens(target, ['partition', 'slow', 'hang', 'refuse', 'greylist', 'throttle', 'park', 'not mine'] as const);
    switch (what) {
      case 'partition':
        await clock.sleep(3_000, signal);
        throw new TransportError('ECONNECTION', 'nobody answers', { outcome: 'notSent', phase: 'connect' });
      case 'slow':
        faults.disturb(target, clock.now() + 45_000);
        await clock.sleep(45_000, signal);
        return undefined;
      case 'hang':
        faults.disturb(target, clock.now() + submitTimeoutMs);
        await clock.sleep(Number.POSITIVE_INFINITY, signal);
        return undefined;
      case 'refuse':
        return { outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 not here', responseCode: 550 } };
      case 'greylist':
        return { ...temporary('EENVELOPE', '451 come again'), retryAfterMs: 300_000 };
      case 'throttle': {
        const until = clock.now() + 30_000;
        faults.disturb(this.#kind.name, until);
        throw new TransportError('EWAIT', 'slow down', { gate: { reason: 'throttled', until } });
      }
      case 'park':
        message.reference = `park ${message.id}`;
        return temporary('EWAIT', 'later');
      case 'not mine':
        return message.recipients.map(({ id }) => ({ recipient: id, outcome: 'notMine' }));
      case undefined:
        return undefined;
    }
  }

  async #answer(message: OutboundMessage, target: string, takes: readonly Take[], signal: AbortSignal): Promise<SubmitResult> {
    const { faults } = this.#outside;
    const { clock } = this.#support;
    const excuse = (why: Take['excuse']) => {
      for (const take of takes) take.excuse = why;
    };
    const what = faults.happens(target, [
      'hang after the dot',
      'lost reply',
      'lie',
      'garbage',
      'save and fail',
    ] as const satisfies readonly Misdeed[]);
    switch (what) {
      case 'hang after the dot':
        excuse('lost answer');
        faults.disturb(target, clock.now() + submitTimeoutMs);
        await clock.sleep(Number.POSITIVE_INFINITY, signal);
        break;
      case 'lost reply':
        excuse('lost answer');
        throw new TransportError('ECONNECTION', 'cut before the reply', { outcome: 'unknown', phase: 'final' });
      case 'lie':
        excuse('lie');
        return temporary('EMESSAGE', '451 not today');
      case 'garbage':
        excuse('lost answer');
        return [{ recipient: 99, outcome: 'perhaps' } as never];
      case 'save and fail':
        await message.saveChanges(outcomes(message, this.#kind, clock.now()));
        throw new Error('a plain failure');
      case undefined:
        break;
    }
    return outcomes(message, this.#kind, clock.now());
  }

  /** The truth, as the other side knows it. */
  verify(message: OutboundMessage): SubmitResult {
    return message.recipients.map(({ id, address }): RecipientOutcome => {
      const taken = this.#outside.hasTaken(numberOf(message), address);
      return { recipient: id, ...(taken ? { outcome: 'accepted' as const } : temporary('EENVELOPE', 'never seen')) };
    });
  }

  end(reference: string): 'hold' | 'resendNow' | 'resendLater' {
    const parked = /^park (.*)$/.exec(reference)?.[1];
    if (parked === undefined) return this.#outside.faults.happens('pilot', ['resend now']) ? 'resendNow' : 'resendLater';
    const { clock, signal } = this.#support;
    const ready = () => this.#support.spoolerNotify({ type: 'sentDeferred', entryId: parked as never });
    clock.sleep(20_000, signal).then(ready, () => undefined);
    return 'hold';
  }
}

const numberOf = ({ envelopeId }: OutboundMessage): number => Number(envelopeId?.slice(1));

/** Nobody lives at some addresses. */
const isServed = ({ address }: Recipient): boolean => !address.startsWith('nobody');

const outcomes = ({ recipients }: OutboundMessage, { delivers }: Kind, deliveredAt: number): RecipientOutcome[] =>
  recipients.map((recipient) => {
    if (!isServed(recipient))
      return { recipient: recipient.id, outcome: 'rejected', diagnostic: { code: 'EENVELOPE', text: '550 no such user', responseCode: 550 } };
    return { recipient: recipient.id, outcome: 'accepted', ...(delivers && { deliveredAt }) };
  });

export function receiver(mailbox: Mailbox, reception: 'notify' | 'poll', outside: Outside): TransportProvider {
  const { faults, process } = outside;
  return {
    name: mailbox.box,
    logon: async (support): Promise<TransportSession> => {
      await logonFails(mailbox.box, outside);
      outside.opened(mailbox.box, support);
      mailbox.cut();
      return {
        addressTypes: [''],
        reception,
        remoteAccess: true,
        limits: { inbound: 2, pollIntervalMs: reception === 'poll' ? 60_000 : 300_000 },
        poll: async () => {
          unlessCut(faults, mailbox);
          return mailbox.pending;
        },
        startMessage: async (message, signal) => {
          unlessCut(faults, mailbox);
          const { reference, mark } = message.wanted;
          if (reference !== undefined && mark !== undefined) return await marked(message, { reference, mark });
          const mail = mailbox.take();
          if (!mail) return;
          try {
            await receive(message, mail, signal, support);
          } finally {
            if (process.alive) mailbox.giveBack(mail);
          }
        },
      };
    },
  };

  /** Until the spooler has had enough of it, and logs the session off and on again. */
  async function hang(signal: AbortSignal, { clock }: SpoolerSupport): Promise<void> {
    faults.disturb(mailbox.box, clock.now() + 330_000);
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  }

  async function receive(
    message: InboundMessage,
    mail: Parameters<Mailbox['giveBack']>[0],
    signal: AbortSignal,
    support: SpoolerSupport,
  ): Promise<void> {
    const known = await message.setReference(mailbox.referenceOf(mail), [`mail ${mail.number}`]);
    if (known === 'headersOnly') return mailbox.list(mail);
    if (known === 'new' && isLarge(mail.number)) return await listed(message, mail, support);
    if (known !== 'alreadyReceived') {
      if (faults.happens(mailbox.box, ['box hang'])) await hang(signal, support);
      if (faults.happens(mailbox.box, ['body cut'])) throw new TransportError('ECONNECTION', 'cut in the midst of a body');
      await message.setContent(mail.bytes);
      const section = { key: `session/${support.session}/position`, values: { last: mail.number } };
      await message.saveChanges({ section });
    }
    await process.reach('mailbox: saved');
    outside.saved(mailbox, mail.number);
    if (!faults.happens(mailbox.box, ['lost acknowledgement'])) mailbox.acknowledge(mail);
    await process.reach('mailbox: acknowledged');
  }

  async function listed(message: InboundMessage, mail: Mail, support: SpoolerSupport): Promise<void> {
    await message.setContent(mail.bytes.subarray(0, Buffer.from(mail.bytes).indexOf('\r\n\r\n') + 4));
    const section = { key: `session/${support.session}/position`, values: { last: mail.number } };
    await message.saveChanges({ section, headersOnly: true, sizeBytes: mail.bytes.length });
    await process.reach('mailbox: saved');
    outside.saved(mailbox, mail.number);
    mailbox.list(mail);
    await process.reach('mailbox: acknowledged');
  }

  /** By the name that the headers were listed under, whatever the mailbox calls it now. */
  async function marked(message: InboundMessage, { reference, mark }: Remote): Promise<void> {
    const mail = mailbox.mails.get(Number(reference.split('/')[1]));
    if (mark !== 'delete') {
      const known = await message.setReference(reference);
      if (known !== 'alreadyReceived' && !mail) throw new TransportError('ENOTFOUND', `${reference} is gone`);
      if (known !== 'alreadyReceived' && mail) {
        if (faults.happens(mailbox.box, ['body cut'])) throw new TransportError('ECONNECTION', 'cut in the midst of a body');
        await message.setContent(mail.bytes);
        await message.saveChanges();
      }
      await process.reach('mailbox: saved');
    }
    if (!mail) return;
    if (mark === 'delete') mailbox.remove(mail);
    else mailbox.acknowledge(mail);
    faults.fire(`mark ${mark}`);
    await process.reach('mailbox: acknowledged');
  }
}

function unlessCut(faults: Faults, { box }: Mailbox): void {
  if (faults.happens(box, ['box partition'])) throw new TransportError('ECONNECTION', 'nobody answers');
}
