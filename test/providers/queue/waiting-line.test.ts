import { expect, test } from 'vitest';
import { virtualTime } from 'mailspool/testing';
import { WaitingLine } from '../../../providers/queue/waiting-line.ts';

test('whoever gives up while a message is being taken for it gets that message: it would be lost', async () => {
  const line = new WaitingLine(virtualTime());
  const leaving = new AbortController();
  const message = { lookupId: 1 } as never;
  let taken = (_message: never): void => undefined;
  let attempts = 0;
  const attempt = () => (++attempts === 1 ? Promise.resolve(undefined) : new Promise<never>((resolve) => (taken = resolve)));
  const waiting = line.wait({ attempt, takes: true, timeoutMs: undefined, signals: [leaving.signal] });
  await expect.poll(() => attempts).toBe(2);
  leaving.abort(new Error('leaving'));
  taken(message);
  expect(await waiting).toBe(message);
});
