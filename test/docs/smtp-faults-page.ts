// docs/reference/smtp-faults.md, rendered from what clients really see: each fault at each step of fakeSmtp, met by
// nodemailer and by a client that does nothing of its own accord.
import { createTransport } from 'nodemailer';
import { fakeSmtp, type FakeSmtp, type SmtpMisdeed, type SmtpStep } from 'mailspool/testing';
import { plainClient } from './plain-smtp-client.ts';

/** The answer of the handshake is not the fake's to bend. */
const happens = ({ step, misdeed }: Pick<Case, 'step' | 'misdeed'>): boolean =>
  step !== 'handshake' || typeof misdeed !== 'object' || !('bytesPerSecond' in misdeed || 'dropAtByte' in misdeed || 'stallAtByte' in misdeed);

/** In the order of the page. nodemailer says neither RSET, NOOP, VRFY, HELP, BDAT nor QUIT, and HELO only if EHLO fails. */
const steps: readonly (readonly [SmtpStep, 'nodemailer' | 'plain'])[] = [
  ['greeting', 'nodemailer'],
  ['EHLO', 'nodemailer'],
  ['HELO', 'plain'],
  ['STARTTLS', 'nodemailer'],
  ['handshake', 'nodemailer'],
  ['AUTH', 'nodemailer'],
  ['logon', 'nodemailer'],
  ['MAIL', 'nodemailer'],
  ['RCPT', 'nodemailer'],
  ['DATA', 'nodemailer'],
  ['BDAT', 'plain'],
  ['dot', 'nodemailer'],
  ['RSET', 'plain'],
  ['NOOP', 'plain'],
  ['VRFY', 'plain'],
  ['HELP', 'plain'],
  ['QUIT', 'plain'],
];

const misdeeds: readonly SmtpMisdeed[] = [
  { code: 451, enhancedCode: '4.3.0', message: 'Later' },
  { code: 421, enhancedCode: '4.3.2', message: 'Closing' },
  { code: 550, enhancedCode: '5.7.1', message: 'Never' },
  'drop',
  'acceptThenDrop',
  'replyThenDrop',
  'stall',
  { delay: 30 },
  { bytesPerSecond: 400 },
  { dropAtByte: 2 },
  { stallAtByte: 2 },
  { say: 'what?\r\n' },
  'expireToken',
];

/** How long a client waits where the server falls silent for good, and where it does not. */
const patienceMs = { short: 1_000, long: 20_000 };
const atOnce = 12;

export interface Case {
  readonly step: SmtpStep;
  readonly misdeed: SmtpMisdeed;
  readonly client: 'nodemailer' | 'plain';
}

export interface Seen extends Case {
  /** In a few words. */
  readonly saw: string;
  readonly taken: boolean;
}

const all: readonly Case[] = steps.flatMap(([step, clients]) =>
  misdeeds
    .flatMap((misdeed) =>
      (clients === 'plain' ? (['plain'] as const) : (['nodemailer', 'plain'] as const)).map((client) => ({ step, misdeed, client })),
    )
    .filter(happens),
);

const falls = ({ misdeed }: Case): boolean => misdeed === 'stall' || (typeof misdeed === 'object' && 'stallAtByte' in misdeed);

/** Lets it happen, all of it. @throws ENOTFIRED if a fault did not happen */
export async function seen(): Promise<readonly Seen[]> {
  const silent = await Promise.all(all.filter(falls).map((each) => meet(each, patienceMs.short)));
  const others: Seen[] = [];
  const rest = all.filter((each) => !falls(each));
  for (let at = 0; at < rest.length; at += atOnce) {
    others.push(...(await Promise.all(rest.slice(at, at + atOnce).map((each) => meet(each, patienceMs.long)))));
  }
  return [...others, ...silent];
}

async function meet(each: Case, patience: number): Promise<Seen> {
  const secure = each.step === 'STARTTLS' || each.step === 'handshake';
  await using server = await fakeSmtp({ users: { user: { password: 'pass', token: 'token' } }, ...(secure ? { tls: 'starttls' } : {}) });
  server.script({ at: each.step, do: each.misdeed });
  const token = each.misdeed === 'expireToken' ? 'token' : undefined;
  const begun = performance.now();
  const client = each.client === 'plain' ? plainClient : nodemailer;
  const saw = await client(server, each.step, { patienceMs: patience, ...(token === undefined ? {} : { token }) });
  const late = typeof each.misdeed === 'object' && ('delay' in each.misdeed || 'bytesPerSecond' in each.misdeed);
  const early = late && performance.now() - begun < 25;
  return { ...each, saw: `${saw}${late ? (early ? ', too early' : ', later') : ''}`, taken: server.messages().length > 0 };
}

async function nodemailer(server: FakeSmtp, step: SmtpStep, options: { readonly patienceMs: number; readonly token?: string }): Promise<string> {
  const secure = step === 'STARTTLS' || step === 'handshake';
  const transport = createTransport({
    host: server.host,
    port: server.port,
    auth: options.token === undefined ? { user: 'user', pass: 'pass' } : { type: 'OAuth2', user: 'user', accessToken: options.token },
    ...(secure ? { requireTLS: true } : { ignoreTLS: true }),
    tls: { ca: server.certificate },
    connectionTimeout: options.patienceMs,
    greetingTimeout: options.patienceMs,
    socketTimeout: options.patienceMs,
  });
  try {
    await transport.sendMail({ from: 'ann@test', to: 'bob@test', subject: 'Hi', text: 'Hello' });
    return 'as usual';
  } catch (error) {
    const { code = '', responseCode, command } = error as { code?: string; responseCode?: number; command?: string };
    const reply = responseCode === undefined ? '' : ` ${responseCode}`;
    // Which of the two it is depends on the moment.
    if (['ESOCKET', 'ECONNECTION'].includes(code)) return `connection lost${reply}`;
    return `\`${code}${reply}\`${command === undefined ? '' : `, command \`${command}\``}`;
  } finally {
    transport.close();
  }
}

export function smtpFaultsPage(cases: readonly Seen[]): string {
  return `# What clients see of the faults of fakeSmtp

Each fault at each step, once, as nodemailer sees it and as a client sees it that does nothing of its own accord; and whether the message
was taken. This page is rendered from what happened in a test; a test compares them. "Closed" and "silence" say how the wire
ended; "connection lost" is \`ESOCKET\` or \`ECONNECTION\`, with command \`CONN\` in most cases, whatever the step. The steps are those of [testing.md](testing.md).

${steps.map(([step, clients]) => section(step, clients === 'nodemailer', cases)).join('\n')}`;
}

function section(step: SmtpStep, both: boolean, cases: readonly Seen[]): string {
  const cell = (misdeed: SmtpMisdeed, client: Case['client']): string => {
    const found = cases.find((each) => each.step === step && each.misdeed === misdeed && each.client === client);
    return `${found?.saw ?? 'not met'} | ${found?.taken === true ? 'yes' : 'no'}`;
  };
  const met = misdeeds.filter((misdeed) => happens({ step, misdeed }));
  const rows = met.map((misdeed) => `| ${formatted(misdeed)} | ${both ? `${cell(misdeed, 'nodemailer')} | ` : ''}${cell(misdeed, 'plain')} |\n`);
  const head = both
    ? '| `do` | nodemailer | taken? | a plain client | taken? |\n| --- | --- | --- | --- | --- |'
    : '| `do` | a plain client | taken? |\n| --- | --- | --- |';
  return `## ${step}\n\n${head}\n${rows.join('')}`;
}

const formatted = (misdeed: SmtpMisdeed): string =>
  typeof misdeed === 'string'
    ? `\`'${misdeed}'\``
    : `\`{ ${Object.entries(misdeed)
        .filter(([name]) => name !== 'enhancedCode' && name !== 'message')
        .map(([name, value]) => `${name}: ${typeof value === 'string' ? `'${value.replaceAll('\r\n', '\\r\\n')}'` : String(value)}`)
        .join(', ')} }\``;
