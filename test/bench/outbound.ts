// How fast is the durable way out? From submit to the last state on disk through mailspool, beside nodemailer's pool,
// which keeps nothing; both to one smtp-sink. Every message is counted there, and its row in the store opened anew.
import { join } from 'node:path';
import { createSpooler, embeddedStore, type Spooler, type SubmitMessage } from 'mailspool';
import { smtp } from 'mailspool/providers/smtp';
import { createTransport } from 'nodemailer';
import { type Answer, ratioOf } from './answer.ts';
import { type BenchOptions, callers, type Contender, takeTurns } from './harness.ts';
import { fieldsOf, messageBytes, rawOf } from './messages.ts';
import { preparePlace } from './place.ts';
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts';

const callersAtOnce = 64;
const connections = 20;
const warmUp = 2_000;

export async function outbound({ messages, rounds, directory, progress }: BenchOptions): Promise<Answer> {
  await using place = await preparePlace(directory);
  await using sink = await startSmtpSink(place.directory);
  const store = join(place.directory, 'store');
  const inEachTurn = Math.ceil(messages / rounds);
  const spooler = await createSpooler({
    store: embeddedStore({ directory: store }),
    providers: [smtp({ host: '127.0.0.1', port: sink.port, connections })],
  });
  const pool = createTransport({
    host: '127.0.0.1',
    port: sink.port,
    pool: true,
    maxConnections: connections,
    maxMessages: Number.POSITIVE_INFINITY,
  });
  const faults: string[] = [];
  try {
    await spooler.start();
    const contenders = [
      through('mailspool, composed', async (number) => await sendDurably(spooler, fieldsOf(number))),
      through("nodemailer's pool, composed", async (number) => void (await pool.sendMail(fieldsOf(number)))),
      through('mailspool, raw', async (number) => await sendDurably(spooler, rawOf(number))),
      through("nodemailer's pool, raw", async (number) => void (await pool.sendMail(rawOf(number)))),
    ].map((contender) => counted(contender, sink, faults));
    const records = await takeTurns({ contenders, messages: inEachTurn, rounds, warmUp, progress });
    const [durable, kept, durableRaw, keptRaw] = records;
    const ofEach = warmUp + inEachTurn * rounds;
    const atSink = { what: 'messages at the sink', counted: await sink.taken(), expected: ofEach * contenders.length };
    await spooler.stop();
    progress('counting the relayed rows of the store, opened anew');
    const relayed = { what: 'relayed rows in the store, opened anew', counted: await relayedRows(store), expected: ofEach * 2 };
    const counts = [atSink, relayed];
    for (const { what, counted: found, expected } of counts) if (found !== expected) faults.push(`${what}: ${found} instead of ${expected}`);
    return {
      question: `Messages of ${messageBytes} bytes to smtp-sink, ${inEachTurn * rounds} each in ${rounds} rounds, ${callersAtOnce} callers, ${connections} connections`,
      records,
      ratios: [ratioOf('mailspool beside nodemailer, composed', durable, kept), ratioOf('mailspool beside nodemailer, raw', durableRaw, keptRaw)],
      place,
      counts,
      faults,
    };
  } finally {
    await spooler.stop();
    pool.close();
  }
}

const through = (name: string, send: (number: number) => Promise<void>): Contender => ({
  name,
  run: async (messages) => await callers(callersAtOnce, messages, send),
});

/** From submit to the state that is the last, on disk. */
async function sendDurably(spooler: Spooler, message: SubmitMessage): Promise<void> {
  const { id } = await spooler.submit(message);
  const { accepted } = await spooler.settled(id);
  if (accepted?.length !== 1) throw new Error(`message ${id} was not relayed`);
}

/** A turn counts only if the sink has all of it. */
const counted = ({ name, run }: Contender, sink: SmtpSink, faults: string[]): Contender => ({
  name,
  run: async (messages) => {
    const before = await sink.taken();
    await run(messages);
    const arrived = (await sink.taken()) - before;
    if (arrived !== messages) faults.push(`${name}: the sink has ${arrived} of ${messages} messages of a turn`);
  },
});

async function relayedRows(directory: string): Promise<number> {
  await using spooler = await createSpooler({ store: embeddedStore({ directory }) });
  let rows = 0;
  for await (const { recipients } of spooler.list({ direction: 'outbound' }))
    rows += recipients.filter(({ status }) => status.state === 'relayed').length;
  return rows;
}
