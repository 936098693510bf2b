// A large attachment there and back: submitted as a stream, stored, sent to smtp-sink, put into Dovecot, received by
// IMAP and stored again. The servers are processes of their own; the spooler's takes little memory at any moment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasDovecot, startDovecot, type Dovecot } from '../dovecot/server.ts';
import { hasSmtpSink, startSmtpSink, type SmtpSink } from '../postfix/smtp-sink.ts';

const sizeBytes = 200 * 1024 * 1024;
const limitMb = 200;
/**
 * Streams make many short-lived objects, of which V8 keeps three times 16 MiB where nobody says otherwise. That takes 15
 * to 30 MB more, and with a busy machine beside it more than the limit.
 */
const semiSpace = '--max-semi-space-size=4';

interface Step {
  readonly step: 'started' | 'submitted' | 'sent' | 'received';
  readonly state?: string;
  readonly bytes?: number;
  readonly digest?: string;
  /** MiB, up to now. */
  readonly maxRssMb: number;
}

const shown = 'that an attachment of 200 MB goes there and back in little memory';

describe.skipIf(!hasSmtpSink(shown) || !hasDovecot(shown))('a large attachment', () => {
  test(`U-039 T-002 an attachment of 200 MB is submitted, sent and received with less than ${limitMb} MB of memory`, async () => {
    await using dovecot = await startDovecot();
    await using sink = await startSmtpSink();
    const directory = await mkdtemp(join(tmpdir(), 'mailspool-large-'));
    const { user, pass } = dovecot.newUser();
    const mailbox = { port: dovecot.securePort, ca: dovecot.ca, user, pass };
    const steps = new Map<Step['step'], Step>();
    const end = await spoolerProcess({ directory: join(directory, 'spool'), port: sink.port, mailbox, sizeBytes }, async (step) => {
      steps.set(step.step, step);
      if (step.step === 'sent') await handOn(sink, dovecot, user);
    });
    await rm(directory, { recursive: true });
    const [sent, received] = [steps.get('sent'), steps.get('received')];
    expect([end, sent?.state]).toEqual([0, 'relayed']);
    // base64 makes four octets of three.
    expect(sent?.bytes).toBeGreaterThan((sizeBytes / 3) * 4);
    expect([received?.bytes, received?.digest]).toEqual([sent?.bytes, sent?.digest]);
    expect(Math.max(...[...steps.values()].map(({ maxRssMb }) => maxRssMb))).toBeLessThan(limitMb);
  }, 180_000);
});

/** Resolves with the exit code. */
async function spoolerProcess(task: object, hear: (step: Step) => Promise<void>): Promise<number | null> {
  const program = fileURLToPath(new URL('./large-process.js', import.meta.url));
  const child = spawn(process.execPath, [semiSpace, program], { stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
  child.stdin?.end(JSON.stringify(task));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    for await (const line of createInterface({ input: child.stdio[3] as Readable })) await hear(JSON.parse(line) as Step);
    return (await ended)[0];
  } finally {
    child.kill('SIGKILL');
  }
}

/** What the sink has becomes mail in the mailbox, without its own headers in front and its empty line behind. */
async function handOn(sink: SmtpSink, dovecot: Dovecot, user: string): Promise<void> {
  const [name = ''] = await readdir(sink.directory);
  const path = join(sink.directory, name);
  const { size } = await stat(path);
  await dovecot.save(user, createReadStream(path, { start: await lengthOfTrace(path), end: size - 2 }));
}

async function lengthOfTrace(path: string): Promise<number> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
  const [trace = ''] = /^(?:X-[^\n]*\n)+Received:[^\n]*\n(?:[ \t][^\n]*\n)*/.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
  return trace.length;
}
