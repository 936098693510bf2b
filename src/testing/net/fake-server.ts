// What is the same in every fake: a place on the loopback, users and mailboxes, a certificate, faults, an end.
import { createSecureContext, type SecureContext } from 'node:tls';
import { systemClock, type Clock } from '../../time/clock.ts';
import type { FakeUsers } from '../accounts.ts';
import type { Fault, FaultHandle, Occasion } from '../faults/fault.ts';
import { FaultPlan } from '../faults/fault-plan.ts';
import { SharedMailboxes, type FakeMailboxes } from '../mailboxes/fake-mailboxes.ts';
import { remoteSide } from '../remote-side.ts';
import { Listener } from './listener.ts';
import { selfSigned, type KeyAndCertificate } from './self-signed.ts';
import type { Wire } from './wire.ts';

export interface FakeServerOptions {
  /** Names with passwords; the first is in `url`. Default `{ user: 'pass' }`, or those of `mailboxes`. */
  readonly users?: FakeUsers;
  /** Mailboxes shared with other fakes. Default: its own. */
  readonly mailboxes?: FakeMailboxes;
  /** `starttls` offers it, `implicit` begins with it. Default: neither. */
  readonly tls?: 'starttls' | 'implicit';
  /** PEM. Default: one made for this process, for localhost and 127.0.0.1. */
  readonly certificate?: KeyAndCertificate;
  /** Default 0: any that is free. */
  readonly port?: number;
  /** For delays, rates and times of arrival. Default: the system's. */
  readonly clock?: Clock;
}

/** What every running fake has. */
export interface FakeServer extends AsyncDisposable {
  /** `smtp://user:pass@127.0.0.1:port`, with the scheme of the protocol, or that with `s`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Names with passwords, as in `auth` of nodemailer and imapflow. */
  readonly users: readonly { readonly user: string; readonly pass: string | undefined }[];
  /** PEM, for the client's `ca`. */
  readonly certificate: string;
  readonly mailboxes: FakeMailboxes;
  readonly connections: { readonly open: number; readonly peak: number; readonly total: number };
  /** Cuts them all; new ones are taken. */
  dropConnections(): void;
  /** Cuts all connections; afterwards nothing is left. The same as disposing of it. @throws ENOTFIRED with the faults that never happened */
  close(): Promise<void>;
}

export abstract class FakeServerBase<Step extends string, Deed> implements FakeServer {
  readonly host = '127.0.0.1';
  readonly clock: Clock;
  readonly mailboxes: SharedMailboxes;
  readonly implicitTls: boolean;
  protected readonly plan: FaultPlan<Step, Deed>;
  readonly #options: FakeServerOptions;
  readonly #scheme: string;
  #listener: Listener | undefined;
  #port = 0;
  #connected = 0;

  /** `replies` says which of the fake's own misdeeds are answers. */
  constructor(scheme: string, options: FakeServerOptions, replies: (own: Deed) => boolean = () => true) {
    this.#scheme = scheme;
    this.#options = options;
    this.clock = remoteSide(options.clock ?? systemClock);
    this.mailboxes = SharedMailboxes.of(options.mailboxes, options);
    this.implicitTls = options.tls === 'implicit';
    this.plan = new FaultPlan(this.clock, replies);
  }

  /** Tells the story of one connection; they are numbered from 1. */
  protected abstract serve(wire: Wire, connection: number): Promise<void>;

  /** @throws ECONFIG if the port is taken */
  async open(): Promise<this> {
    this.#listener = await Listener.open(this.#options.port ?? 0, (wire) => this.serve(wire, ++this.#connected));
    this.#port = this.#listener.port;
    return this;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    const [first] = this.users;
    const credentials = first ? `${encodeURIComponent(first.user)}:${encodeURIComponent(first.pass ?? '')}@` : '';
    return `${this.#scheme}${this.implicitTls ? 's' : ''}://${credentials}${this.host}:${this.port}`;
  }

  get users(): FakeServer['users'] {
    return this.accounts.names.map((user) => ({ user, pass: this.accounts.credentials(user)?.password }));
  }

  get accounts(): SharedMailboxes['accounts'] {
    return this.mailboxes.accounts;
  }

  get certificate(): string {
    return this.#keyAndCertificate().cert;
  }

  get connections(): FakeServer['connections'] {
    return { open: this.#listener?.connections ?? 0, peak: this.#listener?.peak ?? 0, total: this.#listener?.total ?? 0 };
  }

  get offersTls(): boolean {
    return this.#options.tls === 'starttls';
  }

  script(fault: Fault<Step, Deed>): FaultHandle {
    return this.plan.add(fault);
  }

  /** What goes wrong now, in order. */
  faults(occasion: Omit<Occasion<Step>, 'connections'>): readonly Deed[] {
    return this.plan.due({ ...occasion, connections: this.connections.open });
  }

  secureContext(): SecureContext {
    return createSecureContext(this.#keyAndCertificate());
  }

  dropConnections(): void {
    this.#listener?.dropConnections();
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    this.plan.verify();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keyAndCertificate(): KeyAndCertificate {
    return this.#options.certificate ?? selfSigned();
  }
}
