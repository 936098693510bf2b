// The session's status row: what the operator and the spooler see of it (M-096). All flags go out together, since a
// column is replaced as a whole.
import type { Gate, SpoolerSupport, StatusColumns, StatusFlag } from 'mailspool/provider';

export class SessionStatus {
  readonly #support: SpoolerSupport;
  #flags: { [flag in StatusFlag]?: boolean } = { available: true, failure: false, offline: false, inboundEnabled: false };

  constructor(support: SpoolerSupport, displayName: string) {
    this.#support = support;
    support.updateStatus({ displayName, statusText: 'not connected', gate: null, flags: this.#flags });
  }

  online(statusText: string): void {
    this.#publish({ available: true, failure: false, offline: false }, { gate: null, statusText });
  }

  offline(gate: Gate, statusText: string): void {
    this.#publish(
      { available: false, failure: gate.reason === 'authRequired', offline: gate.reason === 'unreachable' || gate.reason === 'offline' },
      { gate, statusText },
    );
  }

  /** Something is wrong, and the rest goes on. */
  trouble(statusText: string): void {
    this.#publish({}, { statusText });
  }

  inbound(on: boolean): void {
    this.#publish({ inboundEnabled: on }, {});
  }

  receiving(on: boolean): void {
    if (this.#flags.inboundActive !== on) this.#publish({ inboundActive: on }, {});
  }

  /** A flush goes on while the row says so (M-099). */
  flushing(on: boolean): void {
    if ((this.#flags.inboundFlush ?? false) !== on) this.#publish({ inboundFlush: on }, {});
  }

  #publish(flags: { [flag in StatusFlag]?: boolean }, columns: Partial<StatusColumns>): void {
    this.#flags = { ...this.#flags, ...flags };
    this.#support.updateStatus({ ...columns, flags: this.#flags }, { merge: true });
  }
}
