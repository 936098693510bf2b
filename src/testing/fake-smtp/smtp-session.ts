// One SMTP dialogue from greeting to QUIT (RFC 5321). For fake-smtp.ts, which says who may log on, what goes wrong
// on purpose and where accepted messages go.
import { sleepUntil } from '../../time/clock.ts';
import { misbehave, type Twist } from '../faults/misbehave.ts';
import type { Bend } from '../net/bending.ts';
import { exchange, mechanismOf } from '../sasl.ts';
import type { Wire } from '../net/wire.ts';
import { bearerRefusal } from '../accounts.ts';
import { readContent } from './content.ts';
import { extensionLines, refusalOf, type SmtpExtension } from './extensions.ts';
import { smtpCommands, type SmtpMisdeed, type SmtpOccasion, type SmtpReply, type SmtpStep } from './fault.ts';
import { formatReply, parseCommand, parsePath, type SmtpPath } from './grammar.ts';
import type { SmtpHost } from './smtp-host.ts';

/** Longer than the 512 of RFC 5321 section 4.5.3.1.4, for long tokens. */
const longestLine = 16 * 1024;
/** RFC 5321 section 4.5.3.1.8 asks for at least 100. */
const mostRecipients = 10_000;

/** Thrown to end the dialogue. */
const over = Symbol('dialogue over');

/** What is left to do of a fault, with the reply that it says. */
interface SmtpTwist extends Twist {
  readonly reply: SmtpReply | undefined;
}

type Answer = SmtpReply | undefined;

export class SmtpSession {
  readonly #wire: Wire;
  readonly #host: SmtpHost;
  readonly #connection: number;
  readonly #handlers: Readonly<Record<string, (argument: string, twist: SmtpTwist) => Answer | Promise<Answer>>> = {
    EHLO: (name) => this.#hello(name, true),
    HELO: (name) => this.#hello(name, false),
    STARTTLS: (argument, twist) => this.#startTls(argument, twist),
    AUTH: (argument, twist) => this.#auth(argument, twist),
    MAIL: (argument) => this.#mail(argument),
    RCPT: (argument) => this.#rcpt(argument),
    DATA: (_, twist) => this.#data(twist),
    BDAT: (argument, twist) => this.#bdat(argument, twist),
    RSET: () => this.#reset(ok('2.0.0', 'OK')),
    NOOP: () => ok('2.0.0', 'OK'),
    VRFY: () => ({ code: 252, enhancedCode: '2.1.5', message: 'Send to it, then you know' }),
    HELP: () => ({ code: 214, enhancedCode: '2.0.0', message: 'See RFC 5321' }),
    QUIT: () => ({ code: 221, enhancedCode: '2.0.0', message: 'Bye' }),
  };
  #helo = '';
  #extended = false;
  #user: string | undefined;
  #mailFrom: SmtpPath | undefined;
  #mailLine = '';
  #rcptTo: SmtpPath[] = [];
  #chunks: Uint8Array[] = [];
  #chunkedBytes = 0;
  /** After a greeting of 5xx nothing but QUIT is answered kindly (RFC 5321 section 3.1). */
  #turnedAway = false;

  constructor(wire: Wire, host: SmtpHost, connection: number) {
    this.#wire = wire;
    this.#host = host;
    this.#connection = connection;
  }

  /** Ends when the client quits or the connection is gone. */
  async run(): Promise<void> {
    try {
      if (this.#host.implicitTls) await this.#handshake();
      await this.#greet();
      for (;;) await this.#next();
    } catch (error) {
      if (error === over || this.#wire.gone.aborted) return;
      await this.#reply({ code: 421, enhancedCode: '4.3.0', message: `The fake failed: ${String(error)}` }).catch(() => undefined);
    }
  }

  async #greet(): Promise<void> {
    const twist = await this.#wrong('greeting', '');
    this.#turnedAway = (twist.reply?.code ?? 220) >= 400;
    await this.#finish({ code: 220, message: `${this.#host.name} ESMTP mailspool fake` }, twist);
  }

  async #next(): Promise<void> {
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    if (line.tooLong) return this.#reply({ code: 500, enhancedCode: '5.5.6', message: 'Line too long' });
    if (!line.crlf) return this.#reply({ code: 500, enhancedCode: '5.5.2', message: 'A line ends in CRLF' });
    const text = line.bytes.toString('utf8');
    this.#host.log({ connection: this.#connection, line: text });
    const { verb, argument } = parseCommand(text);
    await this.#answer(verb, argument, text);
    if (verb === 'QUIT') throw over;
  }

  async #answer(verb: string, argument: string, line: string): Promise<void> {
    const handle = Object.hasOwn(this.#handlers, verb) ? this.#handlers[verb] : undefined;
    if (!handle || !isCommand(verb)) return this.#reply({ code: 500, enhancedCode: '5.5.2', message: 'Command not recognised' });
    if (this.#turnedAway && verb !== 'QUIT') return this.#reply(badSequence('You were turned away'));
    const twist = await this.#wrong(verb, line, about(verb, argument));
    const decided = twist.reply !== undefined || twist.answered;
    // What follows BDAT is content, whatever is said to it.
    if (decided && verb === 'BDAT') await this.#wire.skip(Number.parseInt(argument, 10) || 0);
    await this.#finish(decided ? undefined : await handle(argument, twist), twist);
  }

  /** Lets go wrong what is planned at this step, as far as that can be done before it. */
  async #wrong(at: SmtpStep, line: string, what: Partial<SmtpOccasion> = {}): Promise<SmtpTwist> {
    return await this.#misbehave(this.#planned(at, line, what), what.user ?? this.#user);
  }

  #planned(at: SmtpStep, line: string, what: Partial<SmtpOccasion> = {}): readonly SmtpMisdeed[] {
    const envelope = { from: this.#mailFrom?.address, to: this.#rcptTo.map(({ address }) => address) };
    return this.#host.faults({ at, line, address: this.#wire.address, user: this.#user, ...envelope, ...what });
  }

  async #misbehave(misdeeds: readonly SmtpMisdeed[], user: string | undefined): Promise<SmtpTwist> {
    let reply: SmtpReply | undefined;
    const { clock, accounts } = this.#host;
    const twist = await misbehave<SmtpReply>(misdeeds, { wire: this.#wire, clock, accounts, user }, (said) => void (reply = said));
    if (twist.drop === 'now') this.#drop();
    return { ...twist, reply };
  }

  /** Gives the answer that a fault says, or else the usual one, in the way that the fault says. */
  async #finish(usual: Answer, { reply, answered, drop, bend }: SmtpTwist): Promise<void> {
    if (drop === 'insteadOfReply') this.#drop();
    this.#wire.bend(bend, this.#host.clock);
    await this.#reply(reply ?? (answered ? undefined : usual));
    this.#wire.bend(undefined, this.#host.clock);
    if (drop === 'afterReply') await this.#hangUp();
  }

  async #hangUp(): Promise<never> {
    await this.#wire.hangUp();
    throw over;
  }

  #drop(): never {
    this.#wire.drop();
    throw over;
  }

  async #reply(reply: Answer): Promise<void> {
    if (!reply) return;
    const { enhancedCode, ...plain } = reply;
    await this.#wire.write(formatReply(this.#offers('ENHANCEDSTATUSCODES') ? reply : plain));
    if (reply.code === 421) throw over;
  }

  #hello(name: string, extended: boolean): Answer {
    if (name === '') return { code: 501, enhancedCode: '5.5.4', message: 'Say who you are' };
    this.#reset();
    this.#helo = name;
    this.#extended = extended;
    const extensions = extended ? extensionLines((extension) => this.#offers(extension), this.#host) : [];
    return { code: 250, message: [`${this.#host.name} greets ${name}`, ...extensions].join('\n') };
  }

  #offers(extension: SmtpExtension): boolean {
    return this.#host.offers(extension) && !(extension === 'STARTTLS' && this.#wire.secure);
  }

  async #startTls(argument: string, { bend, drop }: SmtpTwist): Promise<Answer> {
    if (!this.#offers('STARTTLS')) return badSequence('STARTTLS is not offered');
    if (argument !== '') return { code: 501, enhancedCode: '5.5.4', message: 'STARTTLS takes no parameter' };
    this.#wire.discard();
    await this.#finish({ code: 220, message: 'Go ahead' }, { ...nothingWrong, bend, drop: drop === 'afterReply' ? drop : undefined });
    await this.#handshake();
    // RFC 3207 section 4.2: nothing that was said before counts any more.
    this.#helo = '';
    this.#user = undefined;
    return this.#reset();
  }

  async #handshake(): Promise<void> {
    const twist = await this.#wrong('handshake', '');
    if (twist.answered || twist.reply) return this.#finish(undefined, { ...twist, drop: 'afterReply' });
    if (!(await this.#wire.startTls(this.#host.secureContext()))) throw over;
    if (twist.drop !== undefined) this.#drop();
  }

  async #auth(argument: string, outer: SmtpTwist): Promise<Answer> {
    if (!this.#extended || this.#helo === '' || !this.#offers('AUTH')) return badSequence('EHLO first');
    if (this.#user !== undefined || this.#mailFrom) return badSequence('Not now');
    const [name = '', initial] = argument.split(/\s+/);
    const mechanism = mechanismOf(name, this.#host.mechanisms);
    if (!mechanism) return { code: 504, enhancedCode: '5.5.4', message: 'Mechanism not known' };
    const stamp = `<${this.#connection}.${this.#host.clock.now()}@${this.#host.name}>`;
    const exchanged = await exchange(mechanism, initial, { challenge: (text) => this.#challenge(text), stamp });
    if (exchanged === 'cancelled') return { code: 501, enhancedCode: '5.7.0', message: 'Cancelled' };
    const { said } = exchanged;
    const twist = both(outer, await this.#wrong('logon', `AUTH ${argument}`, { user: said?.user }));
    const user = this.#host.accounts.admit(said);
    const decided = twist.reply !== undefined || twist.answered;
    if (!decided && user === undefined && said?.token !== undefined) await this.#challenge(bearerRefusal);
    if (!decided) this.#user = user;
    await this.#finish(user === undefined ? failedLogon : { code: 235, enhancedCode: '2.7.0', message: 'Authenticated' }, twist);
    return undefined;
  }

  async #challenge(challenge: string): Promise<string> {
    await this.#wire.write(`334 ${challenge}\r\n`);
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    return line.bytes.toString('latin1');
  }

  #mail(argument: string): Answer {
    if (this.#helo === '') return badSequence('EHLO first');
    if (this.#mailFrom) return badSequence('Sender already given');
    if (this.#host.requireAuth && this.#user === undefined) return { code: 530, enhancedCode: '5.7.0', message: 'Authentication required' };
    const from = parsePath('FROM', argument);
    if (!from) return { code: 501, enhancedCode: '5.5.4', message: 'Syntax: MAIL FROM:<address>' };
    const refusal = this.#refusal('MAIL', from, from);
    if (refusal) return refusal;
    this.#mailFrom = from;
    this.#mailLine = `MAIL ${argument}`;
    return ok('2.1.0', 'Sender OK');
  }

  #rcpt(argument: string): Answer {
    if (!this.#mailFrom) return badSequence('MAIL first');
    const to = parsePath('TO', argument);
    if (!to || to.address === '') return { code: 501, enhancedCode: '5.5.4', message: 'Syntax: RCPT TO:<address>' };
    if (this.#rcptTo.length >= mostRecipients) return { code: 452, enhancedCode: '4.5.3', message: 'Too many recipients' };
    const refusal = this.#refusal('RCPT', to, this.#mailFrom);
    if (refusal) return refusal;
    this.#rcptTo.push(to);
    return ok('2.1.5', 'Recipient OK');
  }

  #refusal(command: 'MAIL' | 'RCPT', path: SmtpPath, mailFrom: SmtpPath): Answer {
    return refusalOf(command, path, mailFrom.args['SMTPUTF8'] === true, (extension) => this.#offers(extension), this.#host.maxMessageBytes);
  }

  async #data(twist: SmtpTwist): Promise<Answer> {
    const { bend, drop } = twist;
    const refusal = this.#chunkedBytes > 0 ? badSequence('BDAT has begun') : this.#noTransaction();
    if (refusal) return refusal;
    this.#wire.bend(pace(bend), this.#host.clock);
    await this.#wire.write('354 End with a dot on a line of its own\r\n');
    this.#wire.bend(undefined, this.#host.clock);
    if (drop === 'afterReply') return this.#hangUp();
    const content = await readContent(this.#wire, this.#host.maxMessageBytes, lastByte(bend));
    if (content === 'gone') return this.#cutContent(bend);
    return this.#atDot(content === 'tooLarge' ? content : content.raw, { ...nothingWrong, drop });
  }

  /** RFC 3030 section 2. The chunk is read even if there is nobody to take it. */
  async #bdat(argument: string, outer: SmtpTwist): Promise<Answer> {
    const { bend } = outer;
    const [, size, last] = /^(\d{1,15})( LAST)?$/i.exec(argument) ?? [];
    if (size === undefined || !this.#offers('CHUNKING')) return { code: 501, enhancedCode: '5.5.4', message: 'Syntax: BDAT size [LAST]' };
    if (lastByte(bend) < Number(size)) {
      await this.#wire.skip(lastByte(bend));
      return this.#cutContent(bend);
    }
    const room = this.#host.maxMessageBytes - this.#chunkedBytes;
    const chunk = Number(size) > room ? await this.#wire.skip(Number(size)) : await this.#wire.exactly(Number(size));
    if (chunk === undefined) throw over;
    this.#chunkedBytes += Number(size);
    if (chunk !== 'skipped') this.#chunks.push(chunk);
    const refusal = this.#noTransaction();
    if (refusal) return this.#reset(refusal);
    if (last === undefined) return ok('2.0.0', `${size} octets received`);
    const tooLarge = this.#chunkedBytes > this.#host.maxMessageBytes;
    return this.#atDot(tooLarge ? 'tooLarge' : Uint8Array.from(Buffer.concat(this.#chunks)), { ...outer, bend: pace(bend) });
  }

  #noTransaction(): Answer {
    if (!this.#mailFrom) return badSequence('MAIL first');
    return this.#rcptTo.length === 0 ? { code: 554, enhancedCode: '5.5.1', message: 'No valid recipients' } : undefined;
  }

  /** The client is gone, or is to be: no more of its content is read. */
  async #cutContent({ stallAtByte }: Bend): Promise<never> {
    if (stallAtByte !== undefined) await sleepUntil(this.#host.clock, undefined, this.#wire.gone);
    return this.#drop();
  }

  /** All is there: what is planned to go wrong now decides what becomes of it. */
  async #atDot(content: Uint8Array | 'tooLarge', outer: SmtpTwist): Promise<Answer> {
    const misdeeds = this.#planned('dot', this.#mailLine);
    const taken = misdeeds.some(refuses) || content === 'tooLarge' ? undefined : this.#take(content);
    const twist = both(outer, await this.#misbehave(misdeeds, this.#user));
    const usual = taken === undefined ? { code: 552, enhancedCode: '5.3.4', message: 'Message too big' } : ok('2.0.0', `OK queued as ${taken}`);
    this.#reset();
    await this.#finish(usual, twist);
    return undefined;
  }

  #take(raw: Uint8Array): string {
    const mailFrom = this.#mailFrom ?? { address: '', args: {} };
    return this.#host.accept({ envelope: { mailFrom, rcptTo: this.#rcptTo }, raw, user: this.#user, secure: this.#wire.secure, helo: this.#helo });
  }

  /** Forgets the message under way. */
  #reset(reply?: SmtpReply): Answer {
    this.#mailFrom = undefined;
    this.#rcptTo = [];
    this.#chunks = [];
    this.#chunkedBytes = 0;
    return reply;
  }
}

const ok = (enhancedCode: string, message: string): SmtpReply => ({ code: 250, enhancedCode, message });
const badSequence = (message: string): SmtpReply => ({ code: 503, enhancedCode: '5.5.1', message });

const failedLogon: SmtpReply = { code: 535, enhancedCode: '5.7.8', message: 'Authentication failed' };

const isCommand = (verb: string): verb is (typeof smtpCommands)[number] => (smtpCommands as readonly string[]).includes(verb);

const nothingWrong: SmtpTwist = { answered: false, drop: undefined, bend: {}, reply: undefined };

/** What is wrong with a command, and with the step that its answer belongs to. */
const both = (outer: SmtpTwist, inner: SmtpTwist): SmtpTwist => ({
  ...inner,
  drop: inner.drop ?? outer.drop,
  bend: { ...outer.bend, ...inner.bend },
});

/** Whom the line itself names. */
function about(verb: string, argument: string): Partial<SmtpOccasion> {
  const from = verb === 'MAIL' ? parsePath('FROM', argument) : undefined;
  const to = verb === 'RCPT' ? parsePath('TO', argument) : undefined;
  return { ...(from && { from: from.address }), ...(to && { to: [to.address] }) };
}

/** The last byte of content that is read. */
const lastByte = ({ dropAtByte, stallAtByte }: Bend): number => dropAtByte ?? stallAtByte ?? Number.POSITIVE_INFINITY;

const pace = ({ bytesPerSecond }: Bend): Bend => (bytesPerSecond === undefined ? {} : { bytesPerSecond });

/** Whether the message is not taken. */
const refuses = (misdeed: SmtpMisdeed): boolean => misdeed === 'drop' || (typeof misdeed === 'object' && ('code' in misdeed || 'say' in misdeed));
