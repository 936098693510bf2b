// The mail of a crash run. A number says everything about a letter, so that whoever keeps the ledger knows its bytes
// without having seen them.
import { createHash } from 'node:crypto';

export interface Letter {
  readonly messageId: string;
  readonly envelope: { readonly from: string; readonly to: string[] };
  /** In canonical form already: what is sent has to have exactly this digest. */
  readonly raw: Buffer;
}

/** Every so often one is too large to be kept in a row or sent at once. */
const largeEvery = 40;
const largeBytes = 300 * 1024;
const twoRecipientsEvery = 10;

/** `name` is unique in the run, such as `17.204`; `number` decides the shape. */
export function letter(name: string, number: number): Letter {
  const to = [`berth-${name}@pier.example`, ...(number % twoRecipientsEvery === 3 ? [`crane-${name}@pier.example`] : [])];
  const messageId = `<${name}@crash.example>`;
  const lines = number % largeEvery === 7 ? Math.ceil(largeBytes / line.length) : 8 + ((number * 37) % 50);
  const head = [
    'From: desk@harbour.example',
    `To: ${to.join(', ')}`,
    `Subject: Manifest ${name}`,
    `Message-ID: ${messageId}`,
    'Date: Fri, 01 Mar 2024 08:00:00 +0000',
  ];
  return {
    messageId,
    envelope: { from: 'desk@harbour.example', to },
    raw: Buffer.from(`${head.join('\r\n')}\r\n\r\n${line.repeat(lines)}.. the end of ${name}\r\n`),
  };
}

const line = '. a line that begins with a dot, so that it is doubled on its way, and is undone\r\n';

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
