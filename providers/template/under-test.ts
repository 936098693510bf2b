// The template as the conformance suite wants it. The reasons say what a provider with a server at its other side has to
// show beyond it.
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { template } from './index.ts';
import type { ProviderCapabilities, ProviderFactory } from 'mailspool/testing';

const noLine = 'files have no line that breaks';
export const templateCapabilities: ProviderCapabilities = {
  send: true,
  receive: true,
  remoteAccess: 'files are read whole',
  delivered: true,
  arrive: true,
  waiting: true,
  notify: 'it is asked for mail, and is told nothing',
  verify: 'there is no unknown outcome',
  refuse: 'a directory refuses nobody',
  breakOff: noLine,
  loseReply: noLine,
  breakReception: noLine,
  stall: noLine,
  goDown: noLine,
  connections: noLine,
  dropConnections: noLine,
  refuseCredentials: 'it takes no credentials',
  expireToken: 'it takes no credentials',
  password: 'it takes no credentials',
  hold: 'a file is written at once',
  report: 'nothing comes back from a directory',
};

export const templateUnderTest: ProviderFactory = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'mailspool-template-'));
  const [outbox, inbox] = [join(directory, 'out'), join(directory, 'in')];
  const files = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.eml') && !name.startsWith('.'));
  const delivered = new Map<string, Uint8Array>();
  let arrived = 0;
  return {
    provider: () => template({ outbox, inbox }),
    recipient: (n) => ({ type: 'FILE', address: `box${n}` }),
    delivered: async () => {
      for (const name of await files(outbox)) if (!delivered.has(name)) delivered.set(name, await readFile(join(outbox, name)));
      return [...delivered.values()].map((bytes) => ({ bytes }));
    },
    arrive: async (bytes) => {
      const name = `${String(++arrived).padStart(5, '0')}.eml`;
      await writeFile(join(inbox, `.${name}`), bytes);
      await rename(join(inbox, `.${name}`), join(inbox, name));
    },
    waiting: async () => (await files(inbox)).length,
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
};
