// An SMTP client that does nothing of its own accord: it says what it has to say, and tells how the server answered.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { FakeSmtp, SmtpStep } from 'mailspool/testing';

/** How an answer ended, and what there was of it. Whether a reset is seen as one depends on its moment: it is `closed`, too. */
interface Heard {
  readonly text: string;
  readonly end: 'reply' | 'closed' | 'silence';
}

class Line {
  #socket: Socket;
  #text = '';
  #end: Heard['end'] | undefined;
  #news: () => void = () => undefined;

  constructor(port: number, host: string) {
    this.#socket = this.#attach(connect(port, host).setNoDelay(true));
  }

  #attach<T extends Socket>(socket: T): T {
    socket.on('data', (data: Buffer) => this.#hears(data.toString('latin1')));
    socket.on('error', () => this.#ends('closed'));
    socket.on('close', () => this.#ends('closed'));
    return socket;
  }

  #hears(text: string): void {
    this.#text += text;
    this.#news();
  }

  #ends(end: Heard['end']): void {
    this.#end ??= end;
    this.#news();
  }

  /** The next answer: whole lines, the last of which does not announce another one. */
  async answer(patienceMs: number): Promise<Heard> {
    const timer = setTimeout(() => this.#ends('silence'), patienceMs);
    while (!/(?:^|\n)(?!\d{3}-)[^\n]*\r\n$/.test(this.#text) && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#news = resolve));
    }
    clearTimeout(timer);
    const text = this.#text;
    this.#text = '';
    return { text, end: text.endsWith('\r\n') ? 'reply' : (this.#end ?? 'closed') };
  }

  says(text: string): void {
    this.#socket.write(text);
  }

  /** Goes on in TLS; undefined if that worked. */
  async secure(patienceMs: number): Promise<string | undefined> {
    this.#socket.removeAllListeners();
    const secure = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    const failed = await new Promise<string | undefined>((resolve) => {
      const timer = setTimeout(() => resolve('silence'), patienceMs);
      const end = (how: string | undefined): void => {
        clearTimeout(timer);
        resolve(how);
      };
      secure.once('secureConnect', () => end(undefined));
      secure.once('close', () => end('closed'));
      secure.once('error', () => end('closed'));
    });
    this.#socket = this.#attach(secure);
    return failed;
  }

  close(): void {
    this.#socket.destroy();
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const content = 'Subject: Hi\r\n\r\nHello\r\n';

/** What is said at each step, as far as it is a line; `greeting` and `handshake` come by themselves. */
const said: Partial<Record<SmtpStep, string>> = {
  EHLO: 'EHLO me',
  HELO: 'HELO me',
  STARTTLS: 'STARTTLS',
  AUTH: `AUTH PLAIN ${base64('\0user\0pass')}`,
  VRFY: 'VRFY bob',
  HELP: 'HELP',
  NOOP: 'NOOP',
  MAIL: 'MAIL FROM:<ann@test>',
  RCPT: 'RCPT TO:<bob@test>',
  DATA: 'DATA',
  dot: `${content}.`,
  BDAT: `BDAT ${content.length} LAST\r\n${content.trimEnd()}`,
  RSET: 'RSET',
  QUIT: 'QUIT',
};

/** The steps of a dialogue in which `step` occurs. */
function dialogue(step: SmtpStep): readonly SmtpStep[] {
  const hello: readonly SmtpStep[] = step === 'HELO' ? ['greeting', 'HELO'] : ['greeting', 'EHLO'];
  const secured: readonly SmtpStep[] = step === 'STARTTLS' || step === 'handshake' ? ['STARTTLS', 'handshake', 'EHLO'] : [];
  const logon: readonly SmtpStep[] = step === 'HELO' ? [] : ['AUTH'];
  const body: readonly SmtpStep[] = step === 'BDAT' ? ['BDAT'] : ['DATA', 'dot'];
  return [...hello, ...secured, ...logon, 'VRFY', 'HELP', 'NOOP', 'MAIL', 'RCPT', ...body, 'RSET', 'QUIT'];
}

/** Sends one message, and says how that went: `as usual`, or what the first unusual answer was. */
export async function plainClient(
  server: FakeSmtp,
  step: SmtpStep,
  options: { readonly patienceMs: number; readonly token?: string },
): Promise<string> {
  const line = new Line(server.port, server.host);
  try {
    for (const at of dialogue(step)) {
      const where = at === step || (step === 'logon' && at === 'AUTH') ? '' : `, at ${at}`;
      if (at === 'handshake') {
        const failed = await line.secure(options.patienceMs);
        if (failed !== undefined) return `${failed}${where}`;
        continue;
      }
      const text =
        at === 'AUTH' && options.token !== undefined ? `AUTH XOAUTH2 ${base64(`user=user\x01auth=Bearer ${options.token}\x01\x01`)}` : said[at];
      if (text !== undefined) line.says(`${text}\r\n`);
      let heard = await line.answer(options.patienceMs);
      if (at === 'AUTH' && heard.text.startsWith('334 ')) {
        line.says('\r\n');
        heard = await line.answer(options.patienceMs);
      }
      if (!/^[23]/.test(heard.text) || heard.end !== 'reply') return `${describe(heard)}${where}`;
    }
    return 'as usual';
  } finally {
    line.close();
  }
}

const describe = ({ text, end }: Heard): string => {
  if (end === 'reply') return `\`${text.trimEnd()}\``;
  return text === '' ? end : `\`${text.replaceAll('\r\n', '\\r\\n')}\`, then ${end}`;
};
