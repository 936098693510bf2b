// An SMTP server that does what a test says at each step, and keeps the bytes as they came. For what no real server
// can be asked to do.
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { selfSigned } from '../../../src/testing/net/self-signed.ts';

/** GREETING, a command line as it came, BODY (the first bytes after DATA), or `.` when the message is complete. */
export type Step = string;
/** A reply line; `drop` cuts the connection; `hang` says nothing; undefined is the usual reply. */
export type Reaction = string | 'drop' | 'hang' | undefined;

export interface Script {
  readonly on?: (step: Step, server: ScriptedServer) => Reaction;
  /** What EHLO offers. */
  readonly offers?: readonly string[];
  readonly lmtp?: boolean;
  /** TLS from the first byte. */
  readonly secure?: boolean;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Connections ever made, and those open now. */
  readonly connections: { made: number; open: number };
  readonly steps: readonly Step[];
  /** Resolves at the first step that begins so. */
  reached(step: Step): Promise<void>;
  /** What was between DATA and the end, dots and all, of every message that was accepted. */
  readonly bodies: readonly Buffer[];
  /** Cuts all connections. */
  drop(): void;
  /** Reads nothing more. */
  pause(): void;
  /** Says something that nobody asked for. */
  say(line: string): void;
}

export async function scriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  const steps: Step[] = [];
  const stepped = new EventEmitter();
  const bodies: Buffer[] = [];
  const connections = { made: 0, open: 0 };
  const listener = createServer((plain) => {
    connections.made++;
    connections.open++;
    sockets.add(plain);
    plain.setNoDelay(true);
    plain.on('error', () => undefined);
    plain.on('close', () => {
      sockets.delete(plain);
      connections.open--;
    });
    const step = (at: Step): Reaction => {
      steps.push(at);
      stepped.emit('step');
      return script.on?.(at, server);
    };
    converse(script.secure ? secured(plain) : plain, script, step, bodies);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const server: ScriptedServer = {
    port: (listener.address() as AddressInfo).port,
    connections,
    steps,
    reached: async (step) => {
      while (!steps.some((one) => one.startsWith(step))) await once(stepped, 'step');
    },
    bodies,
    drop: () => sockets.forEach((socket) => socket.destroy()),
    pause: () => sockets.forEach((socket) => socket.pause()),
    say: (line) => sockets.forEach((socket) => socket.write(`${line}\r\n`)),
    [Symbol.asyncDispose]: async () => {
      server.drop();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return server;
}

/** What a client that trusts this server takes as `ca`. */
export const certificate = selfSigned();

const secured = (plain: Socket): TLSSocket => {
  const socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(certificate) });
  socket.on('error', () => undefined);
  return socket;
};

const multiline = (lines: readonly string[]): string => lines.map((line, index) => `250${index < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n');

const endOfData = Buffer.from('\r\n.\r\n');

function converse(first: Socket, script: Script, take: (step: Step) => Reaction, bodies: Buffer[]): void {
  let socket = first;
  let buffer = Buffer.alloc(0);
  let body: Buffer | undefined;
  let recipients: string[] = [];

  /** Says what the script says, or else the usual; whether the conversation goes on as usual. */
  const react = (step: Step, usual: string | undefined): boolean => {
    const reaction = take(step);
    if (reaction === 'drop') socket.destroy();
    if (reaction === 'drop' || reaction === 'hang') return false;
    const reply = reaction ?? usual;
    if (reply !== undefined) socket.write(`${reply}\r\n`);
    return reply === undefined || /^[23]/.test(reply);
  };

  const command = (line: string): void => {
    const verb = line.split(/[ :]/, 1)[0]?.toUpperCase();
    switch (verb) {
      case 'EHLO':
      case 'LHLO':
        react(line, multiline(['scripted', ...(script.offers ?? ['PIPELINING', '8BITMIME', 'SMTPUTF8'])]));
        return;
      case 'MAIL':
        recipients = [];
        react(line, '250 2.1.0 sender ok');
        return;
      case 'RCPT':
        if (react(line, '250 2.1.5 recipient ok')) recipients.push(line);
        return;
      case 'DATA':
        if (react(line, recipients.length > 0 ? '354 go ahead' : '503 5.5.1 no recipients')) body = Buffer.alloc(0);
        return;
      case 'STARTTLS':
        if (react(line, '220 ready')) upgrade();
        return;
      case 'QUIT':
        if (react(line, '221 2.0.0 bye')) socket.end();
        return;
      default:
        react(line, '250 2.0.0 ok');
    }
  };

  const upgrade = (): void => {
    socket.removeAllListeners('data');
    socket = secured(socket);
    socket.on('data', hear);
  };

  const hear = (chunk: Buffer): void => {
    if (body?.length === 0) react('BODY', undefined);
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      if (body !== undefined) {
        if (!collect()) return;
        continue;
      }
      const end = buffer.indexOf('\n');
      if (end < 0) return;
      const line = buffer.subarray(0, end).toString().replace(/\r$/, '');
      buffer = buffer.subarray(end + 1);
      command(line);
    }
  };

  /** Moves bytes into the body; whether it is complete. */
  const collect = (): boolean => {
    body = Buffer.concat([body ?? Buffer.alloc(0), buffer]);
    buffer = Buffer.alloc(0);
    const empty = body.subarray(0, 3).equals(endOfData.subarray(2));
    const end = empty ? -2 : body.indexOf(endOfData);
    if (end === -1) return false;
    const [message, rest] = [body.subarray(0, Math.max(0, end + 2)), body.subarray(end + endOfData.length)];
    body = undefined;
    buffer = Buffer.from(rest);
    if (script.lmtp) for (const recipient of recipients) react(`. ${recipient}`, '250 2.1.5 delivered');
    if (script.lmtp) bodies.push(message);
    else if (react('.', '250 2.0.0 Ok: queued as Q1')) bodies.push(message);
    return true;
  };

  socket.on('data', hear);
  react('GREETING', '220 scripted ESMTP');
}
