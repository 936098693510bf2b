// A worker that takes the handle of a slot, and does with it what it is told.
import { workerData, type MessagePort } from 'node:worker_threads';
import { receiveMailslot } from 'mailspool/providers/mailslot';

const { slotPort, wordPort } = workerData as { readonly slotPort: MessagePort; readonly wordPort: MessagePort };
const slot = await receiveMailslot(slotPort);
wordPort.postMessage(`has ${slot.address.path.join('/')} of ${slot.createdAt.getTime() > 0 ? 'today' : 'never'}`);
wordPort.on('message', (word: string) => void obey(word));

async function obey(word: string): Promise<void> {
  try {
    wordPort.postMessage(await answer(word));
  } catch (error) {
    const { name, code, required } = error as Error & { code?: string; required?: number };
    wordPort.postMessage({ name, code, required });
  }
}

async function answer(word: string): Promise<unknown> {
  switch (word) {
    case 'read':
      return text((await slot.read())?.data);
    case 'read little':
      return text((await slot.read({ maxBytes: 2 }))?.data);
    case 'read and give up':
      return text((await slot.read({ signal: AbortSignal.timeout(20) }))?.data);
    case 'all':
      for await (const { data } of slot) wordPort.postMessage(text(data));
      return 'no more';
    case 'info':
      return await slot.info();
    case 'hurry':
      return await slot.setReadTimeout(0);
    case 'nonsense':
      return await slot.setReadTimeout(-1);
    case 'close':
      return await slot.close();
    default:
      return process.exit(3);
  }
}

function text(data: Uint8Array | undefined): string | undefined {
  return data && Buffer.from(data).toString();
}
