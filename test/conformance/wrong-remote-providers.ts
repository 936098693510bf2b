// Providers that are wrong on purpose in remote access, each in one thing, and the cases of the suite that see it.
import { TransportError, type InboundMessage, type Mark, type Wanted } from 'mailspool/provider';
import { ModelSession } from './model-provider.ts';
import type { Line } from './office.ts';
import type { WrongProvider } from './wrong-providers.ts';

type Place = { uid: number; mark: Mark };

export const wrongRemoteProviders: Readonly<Record<string, WrongProvider>> = {
  'does not declare what it can do': {
    caughtBy: ['M-110 headers first'],
    Session: class extends ModelSession {
      override readonly remoteAccess = false;
    },
  },
  'fetches the whole where headers are wanted': {
    caughtBy: ['M-110 headers first', 'M-110 T-052 what is listed', 'M-110 download', 'M-110 delete', 'M-110 T-052 move', 'M-110 a message that'],
    Session: class extends ModelSession {
      override isTooMuch(bytes: Uint8Array, { headersOnly: _headersOnly, ...wanted }: Wanted): boolean {
        return super.isTooMuch(bytes, wanted);
      }
    },
  },
  'saves headers as if they were all': {
    caughtBy: [
      'M-110 headers first',
      'M-110 T-052 what is listed',
      'M-110 a message above',
      'M-110 download',
      'M-110 headers that an earlier',
      'M-110 T-052 move',
      'M-110 a message that',
    ],
    Session: class extends ModelSession {
      override async list(...[uid, bytes, message, line, signal]: Parameters<ModelSession['list']>): Promise<void> {
        const saveChanges = message.saveChanges.bind(message);
        message.saveChanges = async () => saveChanges();
        return super.list(uid, bytes, message, line, signal);
      }
    },
  },
  'calls the whole message headers': {
    caughtBy: ['M-110 headers first'],
    Session: class extends ModelSession {
      override async list(uid: number, bytes: Uint8Array, message: InboundMessage): Promise<void> {
        await message.setContent(bytes);
        await message.saveChanges({ headersOnly: true, sizeBytes: bytes.length });
        this.listed.add(uid);
      }
    },
  },
  'gives headers their own size': {
    caughtBy: ['M-110 headers first'],
    Session: class extends ModelSession {
      override async list(...[uid, bytes, message, line, signal]: Parameters<ModelSession['list']>): Promise<void> {
        const saveChanges = message.saveChanges.bind(message);
        message.saveChanges = async () => saveChanges({ headersOnly: true, sizeBytes: 100 });
        return super.list(uid, bytes, message, line, signal);
      }
    },
  },
  'acknowledges what it lists': {
    caughtBy: ['M-110 T-052 what is listed', 'M-110 download', 'M-110 headers that an earlier', 'M-110 delete', 'M-110 T-052 move', 'M-110 T-069'],
    Session: class extends ModelSession {
      override async list(...[uid, bytes, message, line, signal]: Parameters<ModelSession['list']>): Promise<void> {
        await super.list(uid, bytes, message, line, signal);
        await this.acknowledge(line, uid, signal);
      }
    },
  },
  'takes headers that it meets again for received mail': {
    caughtBy: ['M-110 T-052 what is listed'],
    Session: class extends ModelSession {
      override async receive(...[line, uid, message, signal]: Parameters<ModelSession['receive']>): Promise<void> {
        const isKnown = (await message.setReference(this.referenceOf(uid))) !== 'new';
        return isKnown ? this.acknowledge(line, uid, signal) : super.receive(line, uid, message, signal);
      }
    },
  },
  'lets in what is larger than wanted': {
    caughtBy: ['M-110 a message above'],
    Session: class extends ModelSession {
      override isTooMuch(_bytes: Uint8Array, { headersOnly = false }: Wanted): boolean {
        return headersOnly;
      }
    },
  },
  'takes a size limit for the wish for headers': {
    caughtBy: ['M-110 a message above'],
    Session: class extends ModelSession {
      override isTooMuch(_bytes: Uint8Array, { headersOnly = false, maxSizeBytes }: Wanted): boolean {
        return headersOnly || maxSizeBytes !== undefined;
      }
    },
  },
  'does what the mark says to the oldest message': {
    caughtBy: ['M-110 download', 'M-110 delete'],
    Session: class extends ModelSession {
      override async marked(line: Line, message: InboundMessage, { mark }: Place, signal: AbortSignal): Promise<void> {
        const [uid = 0] = await line.list(signal);
        return super.marked(line, message, { uid, mark }, signal);
      }
    },
  },
  'downloads headers again': {
    caughtBy: ['M-110 download', 'M-110 headers that an earlier', 'M-110 delete', 'M-110 T-052 move', 'M-110 T-069'],
    Session: class extends ModelSession {
      override async save(bytes: Uint8Array, message: InboundMessage): Promise<void> {
        await message.setContent(bytes);
        await message.saveChanges({ headersOnly: message.wanted.mark !== undefined });
      }
    },
  },
  'does not acknowledge what it downloads': {
    caughtBy: ['M-110 download'],
    Session: class extends ModelSession {
      override async markDone(line: Line, uid: number, mark: Mark, signal: AbortSignal): Promise<void> {
        if (mark !== 'download') await super.markDone(line, uid, mark, signal);
      }
    },
  },
  'knows only what it listed itself': {
    caughtBy: ['M-110 headers that an earlier', 'M-110 T-069'],
    Session: class extends ModelSession {
      override async marked(line: Line, message: InboundMessage, place: Place, signal: AbortSignal): Promise<void> {
        if (!this.listed.has(place.uid)) throw new TransportError('ENOTFOUND', 'never seen');
        return super.marked(line, message, place, signal);
      }
    },
  },
  'deletes nothing': {
    caughtBy: ['M-110 delete', 'M-110 a message that'],
    Session: class extends ModelSession {
      override async markDone(line: Line, uid: number, mark: Mark, signal: AbortSignal): Promise<void> {
        if (mark !== 'delete') await super.markDone(line, uid, mark, signal);
      }
    },
  },
  'deletes all that it has listed': {
    caughtBy: ['M-110 delete'],
    Session: class extends ModelSession {
      override async markDone(line: Line, uid: number, mark: Mark, signal: AbortSignal): Promise<void> {
        await super.markDone(line, uid, mark, signal);
        if (mark === 'delete') for (const other of this.listed) await this.acknowledge(line, other, signal);
      }
    },
  },
  'cannot delete what is gone already': {
    caughtBy: ['M-110 delete'],
    Session: class extends ModelSession {
      override async markDone(line: Line, uid: number, mark: Mark, signal: AbortSignal): Promise<void> {
        if (!(await line.list(signal)).includes(uid)) throw new TransportError('EPROTOCOL', 'there is no such message');
        await super.markDone(line, uid, mark, signal);
      }
    },
  },
  'moves by fetching alone': {
    caughtBy: ['M-110 T-052 move', 'M-110 T-069'],
    Session: class extends ModelSession {
      override async markDone(line: Line, uid: number, mark: Mark, signal: AbortSignal): Promise<void> {
        if (mark !== 'move') await super.markDone(line, uid, mark, signal);
      }
    },
  },
  'removes what it moves before it is saved': {
    caughtBy: ['M-110 T-052 move'],
    Session: class extends ModelSession {
      override async marked(...[line, message, place, signal]: Parameters<ModelSession['marked']>): Promise<void> {
        const setContent = message.setContent.bind(message);
        message.setContent = async (bytes) => {
          await setContent(bytes);
          if (place.mark === 'move') await this.acknowledge(line, place.uid, signal);
        };
        return super.marked(line, message, place, signal);
      }
    },
  },
  'takes a move that was cut off for done': {
    caughtBy: ['M-110 T-069'],
    Session: class extends ModelSession {
      override async marked(...[line, message, place, signal]: Parameters<ModelSession['marked']>): Promise<void> {
        if (place.mark === 'move' && (await message.setReference(this.referenceOf(place.uid))) === 'alreadyReceived') return;
        return super.marked(line, message, place, signal);
      }
    },
  },
  'fetches a move that was cut off again': {
    caughtBy: ['M-110 T-069'],
    Session: class extends ModelSession {
      override async marked(...[line, message, place, signal]: Parameters<ModelSession['marked']>): Promise<void> {
        if (place.mark !== 'move') return super.marked(line, message, place, signal);
        await message.setReference(this.referenceOf(place.uid));
        await this.save(await line.fetch(place.uid, signal), message);
        await this.markDone(line, place.uid, place.mark, signal);
      }
    },
  },
  'says nothing of a message that is gone': {
    caughtBy: ['M-110 a message that'],
    Session: class extends ModelSession {
      override async marked(...[line, message, place, signal]: Parameters<ModelSession['marked']>): Promise<void> {
        if ((await line.list(signal)).includes(place.uid)) return super.marked(line, message, place, signal);
      }
    },
  },
  'saves an empty message for one that is gone': {
    caughtBy: ['M-110 a message that'],
    Session: class extends ModelSession {
      override async marked(...[line, message, place, signal]: Parameters<ModelSession['marked']>): Promise<void> {
        if (place.mark !== 'download' || (await line.list(signal)).includes(place.uid)) return super.marked(line, message, place, signal);
        await message.setReference(this.referenceOf(place.uid));
        await this.save(new Uint8Array(), message);
      }
    },
  },
};
