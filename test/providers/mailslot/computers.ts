// Computers for the tests of mailslots: each has a directory for its sockets, and is closed when the test ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mailslotHost, type MailslotHost, type MailslotHostOptions } from 'mailspool/providers/mailslot';
import { onTestFinished } from 'vitest';

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mailslots-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Two with the same directory are two processes of one computer. */
export function computer(options: MailslotHostOptions = {}): MailslotHost {
  const host = mailslotHost({ name: 'HERE', directory: options.directory ?? newDirectory(), ...options });
  onTestFinished(async () => await host.close());
  return host;
}

export const text = (message: { readonly data: Uint8Array } | undefined): string | undefined => message && Buffer.from(message.data).toString();
