// The far end of a crash run, a process of its own that outlives every kill: an SMTP server that writes down each
// message it takes before it says so, and on request kills the sender between the two.
import { fakeSmtp } from 'mailspool/testing';
import { digestOf } from './letters.ts';

/** One message that was taken. `epoch`: the sender's life, by which it greets. */
export interface Taken {
  readonly messageId: string;
  readonly epoch: number;
  readonly digest: string;
  readonly recipients: number;
}

export type ToSink = { readonly killAtNext: number };
export type FromSink = { readonly port: number } | { readonly taken: Taken } | { readonly killed: number };

const say = (line: FromSink): boolean => process.send?.(line) ?? false;

let victim: number | undefined;

const server = await fakeSmtp({
  onMessage: ({ raw, helo, envelope }) => {
    const messageId = /^Message-ID: (<.*>)\r$/m.exec(Buffer.from(raw.subarray(0, 4096)).toString('latin1'))?.[1] ?? '';
    say({ taken: { messageId, epoch: Number(/^epoch-(\d+)\./.exec(helo)?.[1] ?? -1), digest: digestOf(raw), recipients: envelope.rcptTo.length } });
    if (victim !== undefined) {
      process.kill(victim, 'SIGKILL');
      say({ killed: victim });
      victim = undefined;
    }
    if (server.messages().length > 500) server.clear();
  },
});

process.on('message', ({ killAtNext }: ToSink) => (victim = killAtNext));
process.once('disconnect', () => process.exit());
say({ port: server.port });
