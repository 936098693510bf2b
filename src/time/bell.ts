// A bell that anybody may wait for, any number at a time.

/** Rings are not counted: whoever waits looks for itself. */
export class Bell {
  #ring: () => void = () => undefined;
  #rung: Promise<void> = new Promise(() => undefined);

  constructor() {
    this.#renew();
  }

  ring(): void {
    this.#ring();
    this.#renew();
  }

  /** The next ring. Ask for it before looking, so that none is missed. */
  next(): Promise<void> {
    return this.#rung;
  }

  #renew(): void {
    this.#rung = new Promise((resolve) => {
      this.#ring = resolve;
    });
  }
}
