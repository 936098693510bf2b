// What the demo submits, and what it expects to become of it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StateName } from '../../message/recipient.ts';
import type { SubmitMessage } from '../../message/submit-message.ts';

/** Who reads their mail in the sandbox. */
export const demoUser = { user: 'skipper', pass: 'secret' } as const;
export const demoAddress = 'skipper@ferry.example';
export const unknownAddress = 'divers@harbour.example';

export interface DemoMessage {
  readonly name: string;
  readonly message: SubmitMessage;
  /** By address; whoever is not named is expected to be relayed. */
  readonly expected: Readonly<Record<string, StateName>>;
}

export async function demoMessages(): Promise<DemoMessage[]> {
  return [...(await exampleMessages()), composedMessage()];
}

/** The examples of the package, from the sources as well as from `dist`. */
async function exampleMessages(): Promise<DemoMessage[]> {
  const folder = await exampleFolder(new URL('.', import.meta.url));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort();
  return await Promise.all(names.map(async (name) => ({ name, message: { raw: await readFile(join(folder, name)) }, expected: {} })));
}

/** Upwards to the folder that has package.json. */
async function exampleFolder(from: URL): Promise<string> {
  const here = await readFile(new URL('package.json', from)).then(
    () => true,
    () => false,
  );
  if (here) return fileURLToPath(new URL('docs/examples/mail/', from));
  const above = new URL('..', from);
  if (above.href === from.href) throw new Error('the package has no docs/examples/mail');
  return await exampleFolder(above);
}

function composedMessage(): DemoMessage {
  const rows = ['day,high water,berth', 'Friday,06:12,4', 'Saturday,06:58,2'];
  return {
    name: 'composed from fields',
    message: {
      from: { name: 'Pilot Station', address: 'pilots@harbour.example' },
      to: [{ name: 'Skipper', address: demoAddress }, unknownAddress],
      subject: 'Berths for the weekend',
      text: 'The table is attached.\n\nPilot Station\n',
      attachments: [{ filename: 'berths.csv', content: `${rows.join('\n')}\n`, contentType: 'text/csv' }],
    },
    expected: { [unknownAddress]: 'failed' },
  };
}
