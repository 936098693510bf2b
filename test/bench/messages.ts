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

const line = 'The quick brown fox jumps over the lazy dog, and the dog does not mind.\n';
/** What the header fields of a composed message take. */
const headerBytes = 360;

const textOf = (bytes: number): string => line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes - 1) + '\n';
// A caller that hands over a text has CRLF made of each line end.
const text = textOf(Math.floor(((messageBytes - headerBytes) * line.length) / (line.length + 1)));

export const fieldsOf = (number: number): Fields => ({
  from: 'Alice Sender <alice@example.org>',
  to: recipient(number),
  subject: `Statement number ${number} for your records`,
  text,
});

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
  return { envelope: { from: 'alice@example.org', to }, raw: Buffer.from((head + body).slice(0, messageBytes - 2) + '\r\n') };
}

const body = text.replaceAll('\n', '\r\n') + line.repeat(10).trimEnd();

const recipient = (number: number): string => `recipient-${number}@example.com`;
