// One SMTP dialogue from greeting to QUIT (RFC 5321). For fake-smtp.ts, which says who may log on, what goes wrong
// on purpose and where accepted messages go.
import { sleepUntil } from '../../time/clock.ts';
import type { Wire } from '../net/wire.ts';
import { authenticate } from './authenticate.ts';
import { readContent } from './content.ts';
import { extensionLines, refusalOf, type SmtpExtension } from './extensions.ts';
import type { SmtpMisdeed, SmtpReply, SmtpStep } from './fault.ts';
import { formatReply, parseCommand, parsePath, type SmtpPath } from './grammar.ts';
import type { SmtpHost } from './smtp-host.ts';

/** Longer than the 512 of RFC 5321 section 4.5.3.1.4, for long tokens. */
const longestLine = 16 * 1024;
/** RFC 5321 section 4.5.3.1.8 asks for at least 100. */
const mostRecipients = 10_000;

/** Thrown to end the dialogue. */
const over = Symbol('dialogue over');

/** What a fault leaves to do when the command is carried out. */
interface Twist {
  /** Says this instead. */
  readonly reply?: SmtpReply;
  /** The answer has been given. */
  readonly answered?: true;
  readonly thenDrop?: true;
  readonly dropAtByte?: number;
}

type Answer = SmtpReply | undefined;

export class SmtpSession {
  readonly #wire: Wire;
  readonly #host: SmtpHost;
  readonly #connection: number;
  readonly #handlers: Readonly<Record<string, (argument: string, twist: Twist) => Answer | Promise<Answer>>> = {
    EHLO: (name) => this.#hello(name, true),
    HELO: (name) => this.#hello(name, false),
    STARTTLS: (argument) => this.#startTls(argument),
    AUTH: (argument) => this.#auth(argument),
    MAIL: (argument) => this.#mail(argument),
    RCPT: (argument) => this.#rcpt(argument),
    DATA: (_, twist) => this.#data(twist),
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
      if (this.#host.implicitTls && !(await this.#wire.startTls(this.#host.secureContext()))) return;
      await this.#greet();
      for (;;) await this.#next();
    } catch (error) {
      if (error === over || this.#wire.gone.aborted) return;
      await this.#reply({ code: 421, enhancedCode: '4.3.0', message: `The fake failed: ${String(error)}` }).catch(() => undefined);
    }
  }

  async #greet(): Promise<void> {
    const twist = await this.#twist(this.#host.fault('greeting', ''));
    this.#turnedAway = (twist.reply?.code ?? 220) >= 400;
    if (!twist.answered) await this.#reply(twist.reply ?? { code: 220, message: `${this.#host.name} ESMTP mailspool fake` });
    if (twist.thenDrop) this.#drop();
  }

  async #next(): Promise<void> {
    const line = await this.#wire.line(longestLine);
    if (!line) throw over;
    if (line.tooLong) return this.#reply({ code: 500, enhancedCode: '5.5.6', message: 'Line too long' });
    if (!line.crlf) return this.#reply({ code: 500, enhancedCode: '5.5.2', message: 'A line ends in CRLF' });
    const text = line.bytes.toString('utf8');
    this.#host.log({ connection: this.#connection, line: text });
    const { verb, argument } = parseCommand(text);
    await this.#reply(await this.#answer(verb, argument, text));
    if (verb === 'QUIT') throw over;
  }

  async #answer(verb: string, argument: string, line: string): Promise<Answer> {
    const handle = Object.hasOwn(this.#handlers, verb) ? this.#handlers[verb] : undefined;
    if (!handle) return { code: 500, enhancedCode: '5.5.2', message: 'Command not recognised' };
    if (this.#turnedAway && verb !== 'QUIT') return badSequence('You were turned away');
    const twist = isStep(verb) ? await this.#twist(this.#host.fault(verb, line)) : {};
    if (twist.reply || twist.answered) return twist.reply;
    const reply = await handle(argument, twist);
    if (twist.thenDrop) this.#drop();
    return reply;
  }

  /** Lets go wrong what is planned here, as far as that can be done before the command. */
  async #twist(misdeed: SmtpMisdeed | undefined): Promise<Twist> {
    if (misdeed === undefined) return {};
    if (misdeed === 'drop') this.#drop();
    if (misdeed === 'acceptThenDrop') return { thenDrop: true };
    if (misdeed === 'stall') await sleepUntil(this.#host.clock, undefined, this.#wire.gone);
    else if ('code' in misdeed) return { reply: misdeed };
    else if ('dropAtByte' in misdeed) return misdeed;
    else if ('delayMs' in misdeed) await sleepUntil(this.#host.clock, this.#host.clock.now() + misdeed.delayMs, this.#wire.gone);
    else await this.#wire.write(misdeed.say);
    return typeof misdeed === 'object' && 'say' in misdeed ? { answered: true } : {};
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
    const extensions = extended ? extensionLines((extension) => this.#offers(extension), this.#host.maxMessageBytes) : [];
    return { code: 250, message: [`${this.#host.name} greets ${name}`, ...extensions].join('\n') };
  }

  #offers(extension: SmtpExtension): boolean {
    return this.#host.offers(extension) && !(extension === 'STARTTLS' && this.#wire.secure);
  }

  async #startTls(argument: string): Promise<Answer> {
    if (!this.#offers('STARTTLS')) return badSequence('STARTTLS is not offered');
    if (argument !== '') return { code: 501, enhancedCode: '5.5.4', message: 'STARTTLS takes no parameter' };
    // Not awaited: the socket must change hands before the client's first byte of TLS arrives.
    void this.#wire.write(formatReply({ code: 220, message: 'Go ahead' }));
    if (!(await this.#wire.startTls(this.#host.secureContext()))) throw over;
    // RFC 3207 section 4.2: nothing that was said before counts any more.
    this.#helo = '';
    this.#user = undefined;
    return this.#reset();
  }

  async #auth(argument: string): Promise<Answer> {
    if (!this.#extended || this.#helo === '' || !this.#offers('AUTH')) return badSequence('EHLO first');
    if (this.#user !== undefined || this.#mailFrom) return badSequence('Not now');
    const outcome = await authenticate(argument, this.#host.accounts, (challenge) => this.#challenge(challenge));
    if ('code' in outcome) return outcome;
    this.#user = outcome.user;
    return { code: 235, enhancedCode: '2.7.0', message: 'Authenticated' };
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

  async #data(twist: Twist): Promise<Answer> {
    if (!this.#mailFrom) return badSequence('MAIL first');
    if (this.#rcptTo.length === 0) return { code: 554, enhancedCode: '5.5.1', message: 'No valid recipients' };
    await this.#wire.write('354 End with a dot on a line of its own\r\n');
    const content = await readContent(this.#wire, this.#host.maxMessageBytes, twist.dropAtByte ?? Number.POSITIVE_INFINITY);
    if (content === 'gone') this.#drop();
    const misdeed = this.#host.fault('dot', this.#mailLine);
    const late = misdeed === 'stall' || (typeof misdeed === 'object' && 'delayMs' in misdeed);
    const atDot = late ? {} : await this.#twist(misdeed);
    if (atDot.reply || atDot.answered) return this.#reset(atDot.reply);
    if (content === 'tooLarge') return this.#reset({ code: 552, enhancedCode: '5.3.4', message: 'Message too big' });
    const queued = this.#take(this.#mailFrom, content.raw);
    if (late) await this.#twist(misdeed);
    if (atDot.thenDrop) this.#drop();
    return this.#reset(ok('2.0.0', `OK queued as ${queued}`));
  }

  #take(mailFrom: SmtpPath, raw: Uint8Array): string {
    return this.#host.accept({ envelope: { mailFrom, rcptTo: this.#rcptTo }, raw, user: this.#user, secure: this.#wire.secure, helo: this.#helo });
  }

  /** Forgets the message under way. */
  #reset(reply?: SmtpReply): Answer {
    this.#mailFrom = undefined;
    this.#rcptTo = [];
    return reply;
  }
}

const ok = (enhancedCode: string, message: string): SmtpReply => ({ code: 250, enhancedCode, message });
const badSequence = (message: string): SmtpReply => ({ code: 503, enhancedCode: '5.5.1', message });

const steps: readonly string[] = ['EHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'RSET', 'NOOP', 'QUIT'] satisfies SmtpStep[];
const isStep = (verb: string): verb is SmtpStep => steps.includes(verb);
