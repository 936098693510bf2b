// The messages of a bench: 4 KiB of plain text each, to a recipient of its own, as fields and as ready bytes.

export const messageBytes = 4096;

interface Fields {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

interface Raw {
  readonly envelope: { readonly from: string; readonly to: string };
  readonly raw: Buffer;
}

const line = 'The quick brown fox jumps over the lazy dog, and the dog does not mind.';
const lineEndBytes = 2;
/** What the header fields of a composed message take. */
const headerBytes = 360;

const textOf = (bytes: number, lineEnd: string): string => `${line}${lineEnd}`.repeat(Math.floor(bytes / (line.length + lineEndBytes)));

const text = textOf(messageBytes - headerBytes, '\n');

export const fieldsOf = (number: number): Fields => ({
  from: 'Alice Sender <alice@example.org>',
  to: recipient(number),
  subject: `Statement number ${number} for your records`,
  text,
});

const body = textOf(messageBytes, '\r\n');

export function rawOf(number: number): Raw {
  const to = recipient(number);
  const head = [
    'From: Alice Sender <alice@example.org>',
    `To: ${to}`,
    `Subject: Statement number ${number} for your records`,
    `Message-ID: <statement-${number}@example.org>`,
    'Date: Tue, 04 Aug 2026 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    '',
  ].join('\r\n');
  const message = `${head}${body}`.slice(0, messageBytes - lineEndBytes);
  return { envelope: { from: 'alice@example.org', to }, raw: Buffer.from(`${message}\r\n`) };
}

const recipient = (number: number): string => `recipient-${number}@example.com`;
