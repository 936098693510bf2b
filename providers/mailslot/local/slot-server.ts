// The socket of one slot: writers of other processes, and the hub where that is another process.
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'mailspool/provider';
import { decodeDatagram, encodeLocal, kind, LocalFrames, type LocalFrame, reply } from './local-frame.ts';
import type { Slot } from '../slot.ts';

/** What a datagram brings beside its data. */
const maxOriginBytes = 4_096;

/** Whoever is connected is cut off when the slot ends; until it is closed it keeps the process running. */
export function slotServer(slot: Slot, logger: Logger): Server {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (slot.closed.aborted) return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', (error) => logger.debug({ error, slot: slot.key }, 'a writer went away'));
    socket.unref();
    void serve(slot, socket).catch((error: unknown) => {
      logger.debug({ error, slot: slot.key }, 'a writer was cut off');
      socket.destroy();
    });
  });
  slot.closed.addEventListener('abort', () => {
    for (const socket of sockets) socket.destroy();
  });
  return server;
}

async function serve(slot: Slot, socket: Socket): Promise<void> {
  const { maxMessageSize } = slot.settings;
  send(socket, encodeLocal(kind.greeting, greeting(maxMessageSize)));
  const frames = new LocalFrames(maxMessageSize === 0 ? 0 : maxMessageSize + maxOriginBytes);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const replies: number[] = [];
    for (const frame of frames.push(chunk)) {
      if (frame.kind === kind.datagram) offer(slot, frame);
      else if (maxMessageSize > 0 && frame.body.length > maxMessageSize) replies.push(reply.tooLarge);
      else {
        // A copy, since small messages would keep the whole chunk that they came in.
        const data = new Uint8Array(frame.body);
        if (!slot.storeNow(data)) await slot.store(data);
        replies.push(reply.stored);
      }
    }
    if (replies.length > 0) socket.write(Buffer.from(replies));
  }
}

function offer(slot: Slot, { body }: LocalFrame): void {
  const { origin, data } = decodeDatagram(body);
  slot.offer(new Uint8Array(data), origin);
}

function greeting(maxMessageSize: number): Buffer {
  const body = Buffer.allocUnsafe(8);
  body.writeBigUInt64BE(BigInt(maxMessageSize));
  return body;
}

function send(socket: Socket, parts: readonly Buffer[]): void {
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}
