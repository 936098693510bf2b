// What the tests of messages share: a context with fixed time and randomness, and reading of sources.
import type { ComposeContext, Composed } from '../../../src/message/composed.ts';
import { compose } from '../../../src/message/compose.ts';
import type { Bytes } from '../../../src/message/message.ts';
import type { SubmitMessage } from '../../../src/message/submit-message.ts';
import { isMailspoolError, type MailspoolError } from '../../../src/errors.ts';

export const context = (changes: Partial<ComposeContext> = {}): ComposeContext => ({
  now: Date.UTC(2024, 2, 1, 8, 30),
  random: { bytes: (count) => Uint8Array.from({ length: count }, (_, index) => index + 1) },
  hostname: 'spool.harbour.example',
  ...changes,
});

export async function octets(source: Bytes): Promise<Buffer> {
  if (source instanceof Uint8Array) return Buffer.from(source);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const composed = async (
  message: SubmitMessage,
  changes: Partial<ComposeContext> = {},
): Promise<Composed & { readonly bytes: Buffer; readonly text: string }> => {
  const result = await compose(message, context(changes));
  const bytes = await octets(result.source);
  return { ...result, bytes, text: bytes.toString('utf8') };
};

/** The error that a call ends with; fails the test if there is none, or it is not ours. */
export async function refusal(call: () => unknown): Promise<MailspoolError> {
  try {
    await call();
  } catch (error) {
    if (isMailspoolError(error)) return error;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}

export const headersOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n') + 2);
export const headerNames = (text: string): string[] => [...headersOf(text).matchAll(/^([^\s:]+):/gm)].map(([, name]) => (name ?? '').toLowerCase());

/** Whether any CR or LF stands alone. */
export const hasBareLineEnd = (bytes: Buffer): boolean => /\r(?!\n)|(?<!\r)\n/.test(bytes.toString('latin1'));
export const longestLine = (bytes: Buffer): number =>
  Math.max(
    ...bytes
      .toString('latin1')
      .split('\r\n')
      .map((line) => line.length),
  );
