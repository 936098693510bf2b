// Providers that are wrong on purpose, each in one thing, and the cases of the suite that see it: first the one that it
// was built for.
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  TransportError,
  type InboundMessage,
  type LogonOptions,
  type OutboundMessage,
  type Recipient,
  type RecipientOutcome,
  type SubmitResult,
  type TransportEvent,
} from 'mailspool/provider';
import { ModelSession, type ModelProvider } from './model-provider.ts';
import type { Line, Office } from './office.ts';

export interface WrongProvider extends ModelProvider {
  /** Beginnings of titles. */
  readonly caughtBy: readonly string[];
}

type Dotted = { dotted: boolean };

/** Two outcomes of two recipients at least, whatever the model said. */
const rows = (message: OutboundMessage, result: SubmitResult): readonly RecipientOutcome[] =>
  'outcome' in result ? message.recipients.map(({ id }) => ({ ...result, recipient: id })) : result;

const diagnostic = { code: 'EMESSAGE', text: 'no' };

export const wrongProviders: Readonly<Record<string, WrongProvider>> = {
  // What it is, how it begins and ends
  'is made for a later version of the contract': {
    caughtBy: ['M-001 M-004 M-014'],
    contract: { min: 2, max: 3 },
  },
  'says that it polls, and cannot be polled': {
    caughtBy: ['M-001 M-004 M-014', 'M-078 M-081', 'M-081 with nothing'],
    Session: class extends ModelSession {
      override readonly poll = undefined as unknown as ModelSession['poll'];
    },
  },
  'connects while it is offline': {
    caughtBy: ['M-005 logged on offline it opens'],
    Session: class extends ModelSession {
      readonly #offline: boolean;
      constructor(office: Office, support: ModelSession['support'], options: LogonOptions) {
        super(office, support, options);
        this.#offline = options.offline;
      }
      override async begin(): Promise<void> {
        if (this.#offline) await this.connect(this.ended.signal);
      }
    },
  },
  'stays offline when its directions are opened': {
    caughtBy: ['M-005 logged on offline it works'],
    Session: class extends ModelSession {
      readonly #offline: boolean;
      constructor(office: Office, support: ModelSession['support'], options: LogonOptions) {
        super(office, support, options);
        this.#offline = options.offline;
      }
      override async connect(signal: AbortSignal): Promise<Line> {
        if (this.#offline) throw this.unreachable(new Error('offline'));
        return super.connect(signal);
      }
    },
  },
  'lets the message pay for refused credentials': {
    caughtBy: ['M-006 U-054'],
    Session: class extends ModelSession {
      override unauthorised(): TransportError {
        return new TransportError('EAUTH', 'no', { outcome: 'rejected' });
      }
    },
  },
  'says that refused credentials are a network that failed': {
    caughtBy: ['M-006 U-054'],
    Session: class extends ModelSession {
      override unauthorised(stale: never, cause: unknown): TransportError {
        return this.unreachable(cause);
      }
    },
  },
  'tells the token in its error': {
    caughtBy: ['X-021'],
    Session: class extends ModelSession {
      override unauthorised(...[stale, cause]: Parameters<ModelSession['unauthorised']>): TransportError {
        const { gate } = super.unauthorised(stale, cause);
        return new TransportError('EAUTH', `refused: ${JSON.stringify(stale)}`, { outcome: 'notSent', ...(gate && { gate }) });
      }
    },
  },
  'logs its token': {
    caughtBy: ['X-021'],
    Session: class extends ModelSession {
      override connectAfresh(...[stale, signal]: Parameters<ModelSession['connectAfresh']>): Promise<Line> {
        this.support.logger.warn({ stale }, 'refused');
        return super.connectAfresh(stale, signal);
      }
    },
  },
  'never renews a token': {
    caughtBy: ['T-062'],
    Session: class extends ModelSession {
      override async connectAfresh(...[stale]: Parameters<ModelSession['connectAfresh']>): Promise<Line> {
        throw this.unauthorised(stale, undefined);
      }
    },
  },
  'throws at an event that means nothing to it': {
    caughtBy: ['M-088', 'M-087 M-088', 'M-098 M-099', 'M-076'],
    Session: class extends ModelSession {
      override async transportNotify(event: TransportEvent): Promise<void> {
        if (event.type !== 'inbound' && event.type !== 'outbound') throw new Error(`what is ${event.type}?`);
        return super.transportNotify(event);
      }
    },
  },
  'has words of its own for its status': {
    caughtBy: ['M-096 M-099', 'M-063 T-020', 'M-063 while'],
    Session: class extends ModelSession {
      override async begin(): Promise<void> {
        this.support.updateStatus({ gate: 'closed', mood: 'good' } as never);
      }
    },
  },
  'idles for ever': {
    caughtBy: ['M-093 M-100 M-101'],
    Session: class extends ModelSession {
      override idle(): Promise<void> {
        return new Promise(() => undefined);
      }
    },
  },
  'names another destination each time': {
    caughtBy: ['U-033'],
    Session: class extends ModelSession {
      #count = 0;
      override destination(): string {
        return String(++this.#count);
      }
    },
  },
  'closes everybody at the first logoff': {
    caughtBy: ['M-011 two'],
    logon: (() => {
      const sessions = new Set<ModelSession>();
      return async (office, support, options) => {
        const session = new ModelSession(office, support, options);
        sessions.add(session);
        const logoff = session.logoff.bind(session);
        session.logoff = async () => {
          for (const one of sessions) if (one.office === office) one.ended.abort(new Error('over'));
          return logoff();
        };
        return session;
      };
    })(),
  },
  'cannot be logged off twice': {
    caughtBy: ['M-105 logoff ends'],
    Session: class extends ModelSession {
      override async logoff(): Promise<void> {
        if (this.ended.signal.aborted) throw new Error('it is logged off');
        return super.logoff();
      }
    },
  },
  'waits at logoff for the hand-over that goes on': {
    caughtBy: ['M-105 a logoff in'],
    Session: class extends ModelSession {
      #running: Promise<unknown> = Promise.resolve();
      override submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        const running = super.submitMessage(message, signal);
        this.#running = running.catch(() => undefined);
        return running;
      }
      override async logoff(): Promise<void> {
        await this.#running;
        return super.logoff();
      }
    },
  },
  'leaks a connection': {
    caughtBy: ['U-061 U-050'],
    Session: class extends ModelSession {
      #kept: Line | undefined;
      override hangUp(line: Line): void {
        if (this.#kept === undefined || !this.office.lines.has(this.#kept)) this.#kept = line;
        else line.close();
      }
      override async connect(signal: AbortSignal): Promise<Line> {
        const kept = this.#kept;
        if (kept === undefined || !this.office.lines.has(kept)) return super.connect(signal);
        this.#kept = undefined;
        return kept;
      }
    },
  },
  'keeps its place in the budget': {
    caughtBy: ['U-061 U-050', 'U-050'],
    Session: class extends ModelSession {
      readonly #places: Disposable[] = [];
      override async place(signal: AbortSignal): Promise<Disposable> {
        if (this.#places.length === 0) this.#places.push(await super.place(signal));
        return { [Symbol.dispose]: () => undefined };
      }
    },
  },
  'talks after it was logged off': {
    caughtBy: ['M-105 M-106'],
    Session: class extends ModelSession {
      override async logoff(): Promise<void> {
        await super.logoff();
        this.office.listen({ news: () => this.news(), broken: () => undefined });
      }
    },
  },

  // Hand-overs
  'forgets a recipient': {
    caughtBy: ['M-023 U-056', 'U-021', 'T-024 T-025'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        const all = rows(message, await super.submitMessage(message, signal));
        return all.length > 1 ? all.slice(0, -1) : all;
      }
    },
  },
  'settles a recipient twice': {
    caughtBy: ['M-023 U-056', 'U-021', 'T-024 T-025'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        const all = rows(message, await super.submitMessage(message, signal));
        return all.length > 1 ? [...all, { recipient: all[0]?.recipient ?? 0, outcome: 'unknown', diagnostic }] : all;
      }
    },
  },
  'sends to everybody whom the message is for': {
    caughtBy: ['M-022', 'M-012 M-022'],
    Session: class extends ModelSession {
      override recipientsOf(message: OutboundMessage): readonly Recipient[] {
        return message.allRecipients;
      }
    },
  },
  'strips the dots from the beginnings of lines': {
    caughtBy: ['T-013 T-029'],
    Session: class extends ModelSession {
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        return Buffer.from(
          Buffer.from(await message.content.bytes())
            .toString()
            .replaceAll(/^\./gm, ''),
        );
      }
    },
  },
  'sends nothing and says it did': {
    caughtBy: [
      'U-016 accepted',
      'M-022',
      'T-013 T-029',
      'M-028',
      'U-018 as many',
      'U-021',
      'U-016 verify',
      'T-022 U-016 a line that breaks before',
      'M-012 M-022',
      'T-024 T-025',
      'X-007',
      'M-061 M-060',
    ],
    Session: class extends ModelSession {
      override async handOver(...[_line, message]: Parameters<ModelSession['handOver']>): Promise<void> {
        await message.handingOver();
      }
    },
  },
  'cannot do without a return path': {
    caughtBy: ['T-044'],
    Session: class extends ModelSession {
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        if (message.returnPath === null) throw new TransportError('EENVELOPE', 'from whom?', { outcome: 'rejected' });
        return super.contentOf(message);
      }
    },
  },
  'reorders: the last in is the first out': {
    caughtBy: ['M-028', 'M-061 M-060'],
    Session: class extends ModelSession {
      readonly #held: (() => void)[] = [];
      override async handOver(...args: Parameters<ModelSession['handOver']>): Promise<void> {
        const [line, message, bytes, recipients, signal, state] = args;
        await message.handingOver();
        signal.throwIfAborted();
        state.dotted = true;
        if (this.office.next === 'loseReply') return line.dot(message.id, bytes, recipients, signal);
        this.#held.unshift(() => this.office.delivered.push({ bytes, recipients: recipients.map(({ address }) => address) }));
        if (this.#held.length > 1) return;
        void this.support.clock.sleep(500).then(() => this.#held.splice(0).forEach((send) => send()));
      }
    },
  },
  'mixes up messages that go at once': {
    caughtBy: ['U-018 as many'],
    Session: class extends ModelSession {
      #current: Uint8Array = new Uint8Array();
      override async handOver(...[line, message, bytes, ...rest]: Parameters<ModelSession['handOver']>): Promise<void> {
        this.#current = bytes;
        await nextTurn();
        return super.handOver(line, message, this.#current, ...rest);
      }
    },
  },
  'opens more connections than it says': {
    caughtBy: ['U-035', 'U-050'],
    Session: class extends ModelSession {
      override async withLine<T>(signal: AbortSignal, use: (line: Line) => Promise<T>): Promise<T> {
        return super.withLine(signal, async (line) => {
          const another = this.office.connect({ user: 'ann', accessToken: this.office.token });
          return use(line).finally(() => another.close());
        });
      }
    },
  },
  'does not ask the account for a place': {
    caughtBy: ['U-050'],
    Session: class extends ModelSession {
      override async place(): Promise<Disposable> {
        return { [Symbol.dispose]: () => undefined };
      }
    },
  },
  'never says that it hands over': {
    caughtBy: ['T-015 handingOver', 'T-015 U-019'],
    Session: class extends ModelSession {
      override async handOver(...[line, message, bytes, recipients, signal, state]: Parameters<ModelSession['handOver']>): Promise<void> {
        state.dotted = true;
        await line.dot(message.id, bytes, recipients, signal);
      }
    },
  },
  'says that it hands over when it has': {
    caughtBy: ['T-015 handingOver', 'T-015 U-019'],
    Session: class extends ModelSession {
      override async handOver(...[line, message, bytes, recipients, signal, state]: Parameters<ModelSession['handOver']>): Promise<void> {
        state.dotted = true;
        await line.dot(message.id, bytes, recipients, signal);
        await message.handingOver();
      }
    },
  },
  'goes on where the hand-over is forbidden': {
    caughtBy: ['T-015 U-019'],
    Session: class extends ModelSession {
      override async handOver(...[line, message, bytes, recipients, signal, state]: Parameters<ModelSession['handOver']>): Promise<void> {
        await message.handingOver().catch(() => undefined);
        state.dotted = true;
        await line.dot(message.id, bytes, recipients, signal);
      }
    },
  },
  'contradicts what it has saved': {
    caughtBy: ['M-059 T-012'],
    Session: class extends ModelSession {
      override async handOver(...[line, message, ...rest]: Parameters<ModelSession['handOver']>): Promise<void> {
        const [first, second] = message.recipients;
        if (first && second && message.recipients.length === 2 && this.office.next === undefined) {
          await message.saveChanges([{ recipient: first.id, outcome: 'unknown', diagnostic }]);
        }
        return super.handOver(line, message, ...rest);
      }
    },
  },
  'settles late': {
    caughtBy: ['M-056'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        const result = await super.submitMessage(message, signal);
        const late = async (): Promise<void> => {
          await nextTurn();
          await message.saveChanges(rows(message, result));
        };
        late().catch(() => undefined);
        return result;
      }
    },
  },
  'says nothing at endMessage': {
    caughtBy: ['M-060', 'M-061 M-060', 'M-063 while', 'M-076'],
    Session: class extends ModelSession {
      override async endMessage(): Promise<'sent'> {
        return undefined as unknown as 'sent';
      }
    },
  },
  'does not listen to yield': {
    caughtBy: ['M-075 M-094'],
    Session: class extends ModelSession {
      override async yields(): Promise<void> {
        await this.support.yield();
      }
    },
  },
  'sends as much of the content as it could read': {
    caughtBy: ['T-019 T-003'],
    Session: class extends ModelSession {
      override async contentOf(message: OutboundMessage): Promise<Uint8Array> {
        const chunks: Uint8Array[] = [];
        try {
          for await (const chunk of message.content.stream()) chunks.push(chunk as Uint8Array);
        } catch {
          // What is here is better than nothing, it thinks.
        }
        return Buffer.concat(chunks);
      }
    },
  },

  // Hand-overs that are disturbed
  'claims relayed when it was refused': {
    caughtBy: ['T-021 U-032', 'T-021 what is refused for now', 'U-021', 'M-063 T-020'],
    Session: class extends ModelSession {
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        return reply === 'ok' ? [] : [{ recipient, outcome: 'accepted' }];
      }
    },
  },
  'fails everybody when one is refused': {
    caughtBy: ['U-021'],
    Session: class extends ModelSession {
      override async transfer(...[line, message, signal, state]: Parameters<ModelSession['transfer']>): Promise<SubmitResult> {
        const replies = await line.envelope(message.recipients, signal);
        if (replies.includes('forGood')) return { outcome: 'rejected', diagnostic };
        return super.transfer(line, message, signal, state);
      }
    },
  },
  'takes a refusal for now as one for good': {
    caughtBy: ['T-021 what is refused for now', 'M-063 T-020'],
    Session: class extends ModelSession {
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        return super.refusal(recipient, reply === 'forNow' ? 'forGood' : reply);
      }
    },
  },
  'tries for ever what was refused for good': {
    caughtBy: ['T-021 U-032', 'U-021'],
    Session: class extends ModelSession {
      override refusal(recipient: number, reply: 'ok' | 'forGood' | 'forNow'): RecipientOutcome[] {
        return super.refusal(recipient, reply === 'forGood' ? 'forNow' : reply);
      }
    },
  },
  'calls a broken line a refusal': {
    caughtBy: ['T-022 U-016 a line that breaks in'],
    Session: class extends ModelSession {
      override explained(error: unknown, dotted: boolean): unknown {
        const { code } = super.explained(error, dotted) as TransportError;
        return code === 'ECONNECTION' && !dotted && !this.office.down && !(error instanceof TransportError)
          ? new TransportError(code, 'no', { outcome: 'rejected' })
          : super.explained(error, dotted);
      }
    },
  },
  'calls every broken line unknown': {
    caughtBy: ['T-022 U-016 a line that breaks in'],
    Session: class extends ModelSession {
      override explained(error: unknown, _dotted: boolean): unknown {
        return super.explained(error, (error as { code?: string }).code === undefined);
      }
    },
  },
  'calls a lost reply notSent, and so sends twice': {
    caughtBy: ['T-022 U-016 a line that breaks before'],
    Session: class extends ModelSession {
      override explained(error: unknown): unknown {
        return super.explained(error, false);
      }
    },
  },
  'calls a lost reply accepted': {
    caughtBy: ['T-022 U-016 a line that breaks before'],
    Session: class extends ModelSession {
      override async handOver(...args: Parameters<ModelSession['handOver']>): Promise<void> {
        const state: Dotted = args[5];
        await super.handOver(...args).catch((error: unknown) => {
          if (!state.dotted) throw error;
        });
      }
    },
  },
  'is of no use after a line broke': {
    caughtBy: ['U-009 after'],
    Session: class extends ModelSession {
      #broken = false;
      override async connect(signal: AbortSignal): Promise<Line> {
        if (this.#broken) throw this.unreachable(undefined);
        return super.connect(signal);
      }
      override async transfer(...args: Parameters<ModelSession['transfer']>): Promise<SubmitResult> {
        const broken = this.office.next === 'breakOff';
        return super.transfer(...args).finally(() => (this.#broken ||= broken));
      }
    },
  },
  'guesses when it is asked to verify': {
    caughtBy: ['U-016 verify'],
    Session: class extends ModelSession {
      override async verifyMessage(): Promise<SubmitResult> {
        return { outcome: 'accepted' };
      }
    },
  },
  'ignores an abort': {
    caughtBy: ['M-073 a hand-over whose'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        signal.throwIfAborted();
        return super.submitMessage(message, new AbortController().signal);
      }
    },
  },
  'does not look whether it is aborted already': {
    caughtBy: ['M-073 a hand-over that'],
    Session: class extends ModelSession {
      override async submitMessage(...[message, signal]: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        return super.submitMessage(message, signal.aborted ? new AbortController().signal : signal);
      }
    },
  },
  'hangs as long as the other side does': {
    caughtBy: ['T-019 U-009'],
    Session: class extends ModelSession {
      #sending = 0;
      override async submitMessage(...args: Parameters<ModelSession['submitMessage']>): Promise<SubmitResult> {
        this.#sending++;
        return super.submitMessage(...args).finally(() => this.#sending--);
      }
      override bounded<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
        if (this.#sending === 0) return super.bounded(signal, run);
        signal.throwIfAborted();
        const stop = new AbortController();
        for (const one of [signal, this.ended.signal]) one.addEventListener('abort', () => stop.abort(one.reason));
        return run(stop.signal);
      }
    },
  },
  'rejects mail when the other side is down': {
    caughtBy: ['U-064 M-058'],
    Session: class extends ModelSession {
      override unreachable(cause: unknown): TransportError {
        return new TransportError('ECONNECTION', 'nobody is there', { outcome: 'rejected', cause });
      }
    },
  },
  'spends attempts while the other side is down': {
    caughtBy: ['U-064 M-058'],
    Session: class extends ModelSession {
      override unreachable(cause: unknown): TransportError {
        return new TransportError('ECONNECTION', 'nobody is there', { outcome: 'notSent', cause });
      }
    },
  },
  'never finds out that the other side is back': {
    caughtBy: ['U-010 U-064'],
    Session: class extends ModelSession {
      #down = false;
      override async connect(signal: AbortSignal): Promise<Line> {
        if (this.#down) throw this.unreachable(undefined);
        return super.connect(signal);
      }
      override unreachable(cause: unknown): TransportError {
        this.#down = true;
        return super.unreachable(cause);
      }
    },
  },
  'leaves an error uncaught when its line breaks': {
    caughtBy: ['U-044'],
    Session: class extends ModelSession {
      override async transfer(...args: Parameters<ModelSession['transfer']>): Promise<SubmitResult> {
        const transfer = super.transfer(...args);
        if (this.office.stalled && this.office.lines.size === 1) {
          void transfer.catch((error: unknown) => {
            if (!this.office.lines.has(args[0]) && !args[2].aborted) throw error;
          });
        }
        return transfer;
      }
    },
  },

  // Reception
  'says at every poll that there is nothing': {
    caughtBy: ['M-078 M-081'],
    Session: class extends ModelSession {
      override async poll(): Promise<boolean> {
        return false;
      }
    },
  },
  'says at every poll that there is something': {
    caughtBy: ['M-081 with nothing'],
    Session: class extends ModelSession {
      override async poll(signal: AbortSignal): Promise<boolean> {
        return (await super.poll(signal)) || true;
      }
    },
  },
  'alters what it receives': {
    caughtBy: ['M-078 M-081'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const setContent = message.setContent.bind(message);
        message.setContent = async (bytes) =>
          setContent(
            Buffer.from(
              Buffer.from(bytes as Uint8Array)
                .toString()
                .replaceAll('\r\n.', '\r\n'),
            ),
          );
        return super.receive(line, uid, message, signal);
      }
    },
  },
  'saves an empty message when there is nothing': {
    caughtBy: ['M-081 with nothing'],
    Session: class extends ModelSession {
      #asked = false;
      override async nothing(message: InboundMessage): Promise<void> {
        if (this.#asked || this.office.mailbox.length > 0 || this.office.listeners.size > 1 || (await this.support.received(['uid-1'])).size > 0)
          return;
        this.#asked = true;
        await message.setReference('empty');
        await message.setContent(new Uint8Array());
        await message.saveChanges();
      }
    },
  },
  'waits for mail when there is none': {
    caughtBy: ['M-081 with nothing'],
    Session: class extends ModelSession {
      override async nothing(): Promise<void> {
        if ((await this.support.received(['uid-1'])).size === 0) await new Promise(() => undefined);
      }
    },
  },
  'saves two messages in one turn': {
    caughtBy: ['M-081 one turn'],
    Session: class extends ModelSession {
      override async receiveNext(...[line, message, signal]: Parameters<ModelSession['receiveNext']>): Promise<void> {
        await super.receiveNext(line, message, signal);
        if (this.office.mailbox.length === 3) await super.receiveNext(line, message, signal);
      }
    },
  },
  'receives the newest first': {
    caughtBy: ['M-081 one turn'],
    Session: class extends ModelSession {
      override pick(uids: readonly number[]): number | undefined {
        return super.pick([...uids].reverse());
      }
    },
  },
  'names a message after its content came': {
    caughtBy: ['M-074 the reference'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        await message.setContent(await line.fetch(uid, signal));
        if ((await message.setReference(this.referenceOf(uid))) !== 'alreadyReceived') await message.saveChanges();
        await this.acknowledge(line, uid, signal);
      }
    },
  },
  'reuses references: it counts in each session from 1': {
    caughtBy: ['M-074 U-051'],
    Session: class extends ModelSession {
      readonly #numbers = new Map<number, number>();
      override referenceOf(uid: number): string {
        const number = this.#numbers.get(uid) ?? this.#numbers.size + 1;
        this.#numbers.set(uid, number);
        return `number-${number}`;
      }
    },
  },
  'names messages by their content': {
    caughtBy: ['M-074 U-051'],
    Session: class extends ModelSession {
      override referenceOf(uid: number): string {
        return Buffer.from(this.office.mailbox.find((letter) => letter.uid === uid)?.bytes ?? '').toString('base64');
      }
    },
  },
  'skips what came while inbound was closed': {
    caughtBy: ['M-003 M-079', 'T-052 T-069 a kill before', 'T-052 T-069 a kill between', 'M-011 M-074'],
    Session: class extends ModelSession {
      #opened = false;
      override open(): void {
        if (!this.#opened) for (const { uid } of this.office.mailbox) this.taken.add(uid);
        this.#opened = true;
        super.open();
      }
    },
  },
  'drops the message at hand when inbound is closed': {
    caughtBy: ['M-087'],
    Session: class extends ModelSession {
      #open = false;
      override async transportNotify(event: TransportEvent): Promise<void> {
        await super.transportNotify(event);
        if (event.type === 'inbound') this.#open = event.on;
      }
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const save = message.saveChanges.bind(message);
        message.saveChanges = async (options) => {
          if (!this.#open) throw new Error('inbound is closed');
          return save(options);
        };
        return super.receive(line, uid, message, signal);
      }
    },
  },
  'saves after the end of its turn': {
    caughtBy: ['M-082'],
    Session: class extends ModelSession {
      override async nothing(message: InboundMessage): Promise<void> {
        const late = async (): Promise<void> => {
          await nextTurn();
          await message.setReference('late');
        };
        late().catch(() => undefined);
      }
    },
  },
  'gives one message to two turns at once': {
    caughtBy: ['U-018 several'],
    Session: class extends ModelSession {
      override pick(uids: readonly number[]): number | undefined {
        return uids[0];
      }
    },
  },
  'acknowledges before it saves': {
    caughtBy: ['T-052 nothing', 'T-052 M-082', 'T-052 T-069 a kill before', 'M-011 M-074'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        if ((await message.setReference(this.referenceOf(uid))) !== 'alreadyReceived') {
          await message.setContent(await line.fetch(uid, signal));
          await this.acknowledge(line, uid, signal);
          await message.saveChanges();
        } else await this.acknowledge(line, uid, signal);
      }
    },
  },
  'acknowledges without saving and says nothing': {
    caughtBy: ['T-052 M-082', 'T-052 T-069 a kill before', 'M-011 M-074'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const save = message.saveChanges.bind(message);
        message.saveChanges = async (options) => save(options).catch(() => 'saved');
        return super.receive(line, uid, message, signal);
      }
    },
  },
  'acknowledges nothing, and remembers for itself what it has': {
    caughtBy: ['T-052 nothing', 'T-052 T-069 a kill between'],
    Session: class extends ModelSession {
      readonly #done = new Set<number>();
      override pick(uids: readonly number[]): number | undefined {
        return super.pick(uids.filter((uid) => !this.#done.has(uid)));
      }
      override async acknowledge(_line: Line, uid: number): Promise<void> {
        this.#done.add(uid);
      }
    },
  },
  'loses on crash: its position is written before the message': {
    caughtBy: ['T-052 T-069 a kill before', 'T-052 T-069 a kill between', 'M-011 M-074'],
    Session: class extends ModelSession {
      #seen = 0;
      override async begin(): Promise<void> {
        await super.begin();
        const section = await this.support.openProfileSection('position', 'write');
        this.#seen = Number(section.values['uid'] ?? 0);
      }
      override pick(uids: readonly number[]): number | undefined {
        return super.pick(uids.filter((uid) => uid > this.#seen));
      }
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const section = await this.support.openProfileSection('position', 'write');
        await section.save({ uid: Math.max(uid, Number(section.values['uid'] ?? 0)) });
        return super.receive(line, uid, message, signal);
      }
    },
  },
  'gives a message another name at each offer': {
    caughtBy: ['T-052 M-082', 'T-052 T-069 a kill between', 'M-011 M-074'],
    Session: class extends ModelSession {
      #offers = 0;
      override referenceOf(uid: number): string {
        return `uid-${uid}-${this.support.account.name}-${this.office.lines.size}-${++this.#offers}-${Math.random()}`;
      }
    },
  },
  'passes over what is known and leaves it there': {
    caughtBy: ['T-052 T-069 a kill between'],
    Session: class extends ModelSession {
      readonly #known = new Set<number>();
      override pick(uids: readonly number[]): number | undefined {
        return super.pick(uids.filter((uid) => !this.#known.has(uid)));
      }
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        if ((await this.support.received([this.referenceOf(uid)])).size === 0) return super.receive(line, uid, message, signal);
        this.#known.add(uid);
        await message.setReference(this.referenceOf(uid));
      }
    },
  },
  'ignores an abort while it receives': {
    caughtBy: ['M-077 M-073'],
    Session: class extends ModelSession {
      override startMessage(message: InboundMessage): Promise<void> {
        return super.startMessage(message, new AbortController().signal);
      }
    },
  },
  'loses the message whose turn is aborted': {
    caughtBy: ['M-077 M-073'],
    Session: class extends ModelSession {
      override async startMessage(...[message, signal]: Parameters<ModelSession['startMessage']>): Promise<void> {
        const [next] = this.office.mailbox;
        try {
          await super.startMessage(message, signal);
        } finally {
          if (signal.aborted && next) this.office.mailbox.splice(this.office.mailbox.indexOf(next), 1);
        }
      }
    },
  },
  'ignores an abort while it looks': {
    caughtBy: ['M-078 a look'],
    Session: class extends ModelSession {
      override poll(): Promise<boolean> {
        return super.poll(new AbortController().signal);
      }
    },
  },
  'waits for ever for a message that does not come': {
    caughtBy: ['T-053 U-042'],
    Session: class extends ModelSession {
      override async startMessage(...[message, signal]: Parameters<ModelSession['startMessage']>): Promise<void> {
        signal.throwIfAborted();
        await this.withLine(signal, (line) => this.receiveNext(line, message, signal));
      }
    },
  },
  'never receives a message again that was broken off': {
    caughtBy: ['U-043 a line'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const broken = this.office.next === 'breakReception';
        try {
          await super.receive(line, uid, message, signal);
        } finally {
          if (broken) this.office.mailbox.splice(0, 1);
        }
      }
    },
  },
  'saves the half of a message that came before the line broke': {
    caughtBy: ['U-043 a line'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        if (this.office.next !== 'breakReception') return super.receive(line, uid, message, signal);
        const { bytes = new Uint8Array() } = this.office.mailbox[0] ?? {};
        await message.setReference(this.referenceOf(uid));
        await message.setContent(bytes.subarray(0, bytes.length / 2));
        await message.saveChanges();
      }
    },
  },

  // News
  'announces nothing': {
    caughtBy: ['M-080 U-042', 'M-080 a burst', 'U-043 U-042', 'M-079 M-087'],
    Session: class extends ModelSession {
      override news(): void {}
    },
  },
  'floods: a thousand notices for each arrival': {
    caughtBy: ['M-080 a burst'],
    Session: class extends ModelSession {
      override news(): void {
        for (let count = 0; count < 1_000; count++) super.news();
      }
    },
  },
  'is deaf after its line broke': {
    caughtBy: ['U-043 U-042'],
    Session: class extends ModelSession {
      override async listenAgain(): Promise<void> {}
    },
  },
};
