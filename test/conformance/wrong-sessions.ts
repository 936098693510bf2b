// Providers that are wrong on purpose in what their sessions declare, register, announce and do at events, each in one
// thing, and the cases of the suite that see it.
import { type LogonOptions, type OptionDeclaration, type SpoolerSupport, type TransportEvent } from 'mailspool/provider';
import { ModelSession } from './model-provider.ts';
import type { Line, Office } from './office.ts';
import type { WrongProvider } from './wrong-providers.ts';

const stamp: OptionDeclaration = { addressType: 'SMTP', name: 'stamp', on: 'message', default: 'red' };

export const wrongSessions: Readonly<Record<string, WrongProvider>> = {
  // What it declares and registers
  'says neither yes nor no': {
    caughtBy: ['M-012 M-020'],
    Session: class extends ModelSession {
      override readonly resolveRecipients = 'perhaps' as unknown as boolean;
    },
  },
  'declares an option twice': {
    caughtBy: ['M-013'],
    Session: class extends ModelSession {
      override readonly options = [stamp, { ...stamp, default: 'blue' }];
    },
  },
  'declares an option for addresses that it does not carry': {
    caughtBy: ['M-013'],
    Session: class extends ModelSession {
      override readonly options = [{ ...stamp, addressType: 'FAX' }];
    },
  },
  'declares an option without a default': {
    caughtBy: ['M-013'],
    Session: class extends ModelSession {
      override readonly options = [{ ...stamp, default: undefined as unknown as string }];
    },
  },
  'learns an address type and tells nobody': {
    caughtBy: ['M-014 M-090'],
    Session: class extends ModelSession {
      readonly #types = ['SMTP'];
      override readonly addressTypes = this.#types;
      override async withLine<T>(...[signal, use]: Parameters<typeof ModelSession.prototype.withLine<T>>): Promise<T> {
        this.#types.push('FAX');
        return super.withLine(signal, use);
      }
    },
  },
  'writes its address type as it likes': {
    caughtBy: ['M-015 M-019', 'M-013'],
    Session: class extends ModelSession {
      override readonly addressTypes = ['smtp'];
    },
  },
  'registers a preprocessor when the first message comes': {
    caughtBy: ['M-050 M-052 M-103'],
    Session: class extends ModelSession {
      override async place(signal: AbortSignal): Promise<Disposable> {
        this.support.registerPreprocessor({ ...this.preprocessor(), name: 'late' });
        return super.place(signal);
      }
    },
  },
  'registers two preprocessors of one name': {
    caughtBy: ['M-050 M-052 M-103'],
    Session: class extends ModelSession {
      override async begin(): Promise<void> {
        await super.begin();
        this.support.registerPreprocessor(this.preprocessor());
      }
    },
  },
  'preprocesses for ever': {
    caughtBy: ['M-052 M-053 M-054'],
    Session: class extends ModelSession {
      override preprocessor(): ReturnType<ModelSession['preprocessor']> {
        return { name: 'model', preprocess: () => new Promise(() => undefined) };
      }
    },
  },
  'returns the message that it preprocesses as a further one': {
    caughtBy: ['M-052 M-053 M-054'],
    Session: class extends ModelSession {
      override preprocessor(): ReturnType<ModelSession['preprocessor']> {
        return { name: 'model', preprocess: async (message) => ({ messages: [message as never] }) };
      }
    },
  },
  'finds recipients undeliverable that the message does not have': {
    caughtBy: ['M-052 M-053 M-054'],
    Session: class extends ModelSession {
      override preprocessor(): ReturnType<ModelSession['preprocessor']> {
        const diagnostic = { code: 'EENVELOPE', text: 'nobody' };
        return { name: 'model', preprocess: async () => ({ undeliverable: [{ recipient: 7, diagnostic }] }) };
      }
    },
  },
  'says what only a store may say': {
    caughtBy: ['M-089 M-091'],
    Session: class extends ModelSession {
      override async begin(): Promise<void> {
        await super.begin();
        this.support.spoolerNotify({ type: 'newMailReceived' } as never);
      }
    },
  },
  'announces a critical error without saying which': {
    caughtBy: ['M-089 M-091'],
    Session: class extends ModelSession {
      override async begin(): Promise<void> {
        await super.begin();
        this.support.spoolerNotify({ type: 'criticalError' } as never);
      }
    },
  },
  'never leaves its critical section': {
    caughtBy: ['M-092'],
    Session: class extends ModelSession {
      override async withLine<T>(...[signal, use]: Parameters<typeof ModelSession.prototype.withLine<T>>): Promise<T> {
        this.support.spoolerNotify({ type: 'enterCritical' });
        return super.withLine(signal, use);
      }
    },
  },

  // Accounts
  'takes missing credentials for a network that failed': {
    caughtBy: ['M-009 M-006'],
    Session: class extends ModelSession {
      override async connect(signal: AbortSignal): Promise<Line> {
        try {
          return await super.connect(signal);
        } catch (error) {
          throw (error as { code?: string }).code === 'EUNCONFIGURED' ? this.unreachable(error) : error;
        }
      }
    },
  },
  'waits for somebody to give it credentials': {
    caughtBy: ['M-009 M-006'],
    Session: class extends ModelSession {
      override async connect(signal: AbortSignal): Promise<Line> {
        for (;;) {
          try {
            return await super.connect(signal);
          } catch (error) {
            if ((error as { code?: string }).code !== 'EUNCONFIGURED') throw error;
            await this.support.clock.sleep(1_000, signal);
          }
        }
      }
    },
  },
  'works with what the last session was handed': {
    caughtBy: ['M-011 M-010', 'T-062'],
    Session: (() => {
      const last = new Map<Office, SpoolerSupport>();
      return class extends ModelSession {
        constructor(office: Office, support: SpoolerSupport, options: LogonOptions) {
          super(office, support, options);
          last.set(office, support);
        }
        override async connect(signal: AbortSignal): Promise<Line> {
          await (last.get(this.office) ?? this.support).account.credentials(signal);
          return super.connect(signal);
        }
      };
    })(),
  },
  'names messages anew after each logon': {
    caughtBy: ['M-011 M-074', 'T-052 T-069 a kill between'],
    Session: (() => {
      let logons = 0;
      return class extends ModelSession {
        readonly #logon = ++logons;
        override referenceOf(uid: number): string {
          return `uid-${uid}-of-logon-${this.#logon}`;
        }
      };
    })(),
  },
  'names recipients without an address': {
    caughtBy: ['M-084'],
    Session: class extends ModelSession {
      override namedIn(): ReturnType<ModelSession['namedIn']> {
        return [{ type: 'SMTP', address: '', name: 'Ann' }];
      }
    },
  },
  'asks the office at endMessage and cannot be stopped': {
    caughtBy: ['M-073 M-060'],
    Session: class extends ModelSession {
      override async endMessage(reference: string, signal: AbortSignal): ReturnType<ModelSession['endMessage']> {
        while (this.office.stalled) await this.office.stalled.over;
        return super.endMessage(reference, signal);
      }
    },
  },
  'changes a password whatever the old one is': {
    caughtBy: ['M-102'],
    Session: class extends ModelSession {
      override changePassword(_old: string, fresh: string): Promise<void> {
        return super.changePassword(this.office.password, fresh);
      }
    },
  },
  'says that it changed the password, and did not': {
    caughtBy: ['M-102'],
    Session: class extends ModelSession {
      override async changePassword(old: string): Promise<void> {
        return super.changePassword(old, this.office.password);
      }
    },
  },

  // Events
  'updates its status row when the event is long over': {
    caughtBy: ['M-086'],
    Session: class extends ModelSession {
      override flags: ModelSession['flags'] = { available: true, inboundEnabled: false, outboundEnabled: false };
      override show(type: Exclude<TransportEvent['type'], 'abortDeferred'>, on: boolean): void {
        if (type === 'inboundFlush' || type === 'outboundFlush') return super.show(type, on);
        setImmediate(() => super.show(type, on));
      }
    },
  },
  'breaks its hand-overs off when outbound goes off': {
    caughtBy: ['M-087 M-088'],
    Session: class extends ModelSession {
      #off = new AbortController();
      override async transportNotify(event: TransportEvent): Promise<void> {
        if (event.type === 'outbound') {
          if (event.on) this.#off = new AbortController();
          else this.#off.abort(new Error('outbound is over'));
        }
        return super.transportNotify(event);
      }
      override bounded<T>(...[signal, run]: Parameters<typeof ModelSession.prototype.bounded<T>>): Promise<T> {
        return super.bounded(AbortSignal.any([signal, this.#off.signal]), run);
      }
    },
  },
  'goes on announcing while inbound is off': {
    caughtBy: ['M-079 M-087'],
    Session: class extends ModelSession {
      override close(): void {}
    },
  },
  'does not look for what came while inbound was off': {
    caughtBy: ['M-079 M-087'],
    Session: class extends ModelSession {
      #opened = 0;
      #opening = false;
      override open(): void {
        this.#opening = ++this.#opened > 1 && !this.ended.signal.aborted;
        super.open();
        this.#opening = false;
      }
      override news(): void {
        if (!this.#opening) super.news();
      }
    },
  },
  'shows a flush that is over': {
    caughtBy: ['M-098 M-099'],
    Session: class extends ModelSession {
      override show(type: Exclude<TransportEvent['type'], 'abortDeferred'>, on: boolean): void {
        if (on || type === 'inbound' || type === 'outbound') super.show(type, on);
      }
    },
  },
};
