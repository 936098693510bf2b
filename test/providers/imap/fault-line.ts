// A line between the provider and an IMAP server on which a test can do harm: drop it at a command, go silent, answer
// in the server's place, hide capabilities. It reads commands by line, so it is for connections without TLS.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Command {
  readonly tag: string;
  /** Upper case, with its UID: `UID FETCH`. */
  readonly name: string;
  readonly line: string;
  /** Counts all commands on this line, from 1. */
  readonly count: number;
  /** Counts connections, from 1. */
  readonly connection: number;
}

/**
 * `drop`: both ends lose the connection. `mute`: half-open, nothing passes any more. `deafIdle`: until DONE nothing
 * that the server says arrives. A text: the tagged answer, without asking the server.
 */
export type Harm = 'pass' | 'drop' | 'mute' | 'deafIdle' | { readonly answer: string } | { readonly raw: string };

export class FaultLine implements AsyncDisposable {
  /** What happens at a command; it may take its time. */
  at: (command: Command) => Harm | Promise<Harm> = () => 'pass';
  /** Capabilities that the client does not get to see. */
  hide: readonly string[] = ['STARTTLS'];
  /** What the server gets to see of a command, and the client of an answer. */
  toServer: (line: string) => string = (line) => line;
  toClient: (text: string) => string = (text) => text;
  readonly commands: Command[] = [];
  /** Told of each command, and of each connection that ends. */
  onChange: () => void = () => undefined;
  open = 0;
  most = 0;
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  #connections = 0;

  static async to(port: number): Promise<FaultLine> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultLine(server, port);
  }

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  names(): string[] {
    return this.commands.map((command) => command.name);
  }

  /** Tells every client something that its server did not say. */
  say(text: string): void {
    for (const client of this.#clients) client.write(text, 'latin1');
  }

  dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dropAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    const pair = new Pair(this, client, server, ++this.#connections);
    this.#clients.add(client);
    this.open++;
    this.most = Math.max(this.most, this.open);
    client.once('close', () => {
      this.#clients.delete(client);
      this.open--;
      this.onChange();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    pair.run();
  }
}

class Pair {
  readonly #line: FaultLine;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #number: number;
  #muted = false;
  #deaf = false;
  #rest = '';
  #work: Promise<void> = Promise.resolve();

  constructor(line: FaultLine, client: Socket, server: Socket, number: number) {
    this.#line = line;
    this.#client = client;
    this.#server = server;
    this.#number = number;
  }

  run(): void {
    this.#server.on('data', (data) => this.#fromServer(data));
    this.#client.on('data', (data) => {
      this.#work = this.#work.then(() => this.#fromClient(data.toString('latin1')));
    });
  }

  #fromServer(data: Buffer): void {
    if (this.#muted) return;
    const text = data.toString('latin1');
    if (this.#deaf && !text.startsWith('+')) return;
    const seen = this.#line.hide.reduce((left, name) => left.replaceAll(new RegExp(`(?<= )${name}(?=[ \\]\\r])`, 'g'), `X${name.slice(1)}`), text);
    this.#client.write(this.#line.toClient(seen), 'latin1');
  }

  async #fromClient(text: string): Promise<void> {
    const lines = (this.#rest + text).split(/(?<=\r\n)/);
    this.#rest = lines.at(-1)?.endsWith('\r\n') === true ? '' : (lines.pop() ?? '');
    for (const line of lines) await this.#one(line);
  }

  async #one(line: string): Promise<void> {
    if (this.#muted) return;
    const parts = /^([0-9A-Z]+) ((?:UID )?[A-Z]+)/i.exec(line);
    if (line.startsWith('DONE')) this.#deaf = false;
    if (parts === null) return void this.#server.write(line, 'latin1');
    const [, tag = '', name = ''] = parts;
    const command = { tag, name: name.toUpperCase(), line: line.trimEnd(), count: this.#line.commands.length + 1, connection: this.#number };
    this.#line.commands.push(command);
    this.#harm(await this.#line.at(command), line, tag);
    this.#line.onChange();
  }

  #harm(harm: Harm, line: string, tag: string): void {
    if (harm === 'drop') return void this.#client.destroy();
    if (harm === 'mute') this.#muted = true;
    else if (harm === 'deafIdle') this.#deaf = true;
    if (harm === 'mute') return;
    if (typeof harm === 'object') this.#client.write('answer' in harm ? `${tag} ${harm.answer}\r\n` : harm.raw, 'latin1');
    else this.#server.write(this.#line.toServer(line), 'latin1');
  }
}
