// Which preprocessors and postprocessors apply, in transport order and then in order of registration (M-050 to M-052).
import type { Recipient, SessionKey } from '../message/recipient.ts';
import type { Postprocessor, Preprocessor } from '../provider/processors.ts';

export interface RegisteredPreprocessor {
  readonly preprocessor: Preprocessor;
  /** undefined: the program's own, which comes first. */
  readonly session?: SessionKey;
}

/** undefined `match` fields: every recipient; type or UID: either matches. */
export function wants({ match }: Preprocessor, recipient: Recipient): boolean {
  if (match?.type === undefined && match?.uid === undefined) return true;
  const byType = match.type !== undefined && match.type.toUpperCase() === recipient.type.toUpperCase();
  return byType || (match.uid !== undefined && match.uid === recipient.uid);
}

/**
 * Those that want some recipient, unless a session earlier in the order takes every such recipient (M-051).
 * `taker`: the session that will take the recipient.
 */
export function applicablePreprocessors(
  registered: readonly RegisteredPreprocessor[],
  recipients: readonly Recipient[],
  taker: (recipient: Recipient) => SessionKey | undefined,
  order: readonly SessionKey[],
): Preprocessor[] {
  const place = (key: SessionKey | undefined) => (key === undefined ? -1 : order.indexOf(key));
  const takenEarlier = (recipient: Recipient, session: SessionKey | undefined) => {
    const by = taker(recipient);
    return session !== undefined && by !== undefined && place(by) < place(session);
  };
  return registered
    .toSorted((a, b) => place(a.session) - place(b.session))
    .filter(({ preprocessor, session }) => recipients.some((recipient) => wants(preprocessor, recipient) && !takenEarlier(recipient, session)))
    .map(({ preprocessor }) => preprocessor);
}

/** What is registered: by the program, and by sessions while they are logged on. */
export class Processors {
  readonly #own: { pre: readonly Preprocessor[]; post: readonly Postprocessor[] };
  readonly #bySession = new Map<SessionKey, { pre: Preprocessor[]; post: Postprocessor[] }>();

  constructor(pre: readonly Preprocessor[] = [], post: readonly Postprocessor[] = []) {
    this.#own = { pre, post };
  }

  /** A session logs on anew: what it registered before is gone. */
  reset(session: SessionKey): void {
    this.#bySession.set(session, { pre: [], post: [] });
  }

  addPreprocessor(session: SessionKey, preprocessor: Preprocessor): void {
    this.#of(session).pre.push(preprocessor);
  }

  addPostprocessor(session: SessionKey, postprocessor: Postprocessor): void {
    this.#of(session).post.push(postprocessor);
  }

  hasPreprocessors(session: SessionKey): boolean {
    return (this.#bySession.get(session)?.pre.length ?? 0) > 0;
  }

  get pre(): RegisteredPreprocessor[] {
    const bySession = [...this.#bySession].flatMap(([session, { pre }]) => pre.map((preprocessor) => ({ preprocessor, session })));
    return [...this.#own.pre.map((preprocessor) => ({ preprocessor })), ...bySession];
  }

  get post(): Postprocessor[] {
    return [...this.#own.post, ...[...this.#bySession.values()].flatMap(({ post }) => post)];
  }

  #of(session: SessionKey): { pre: Preprocessor[]; post: Postprocessor[] } {
    const known = this.#bySession.get(session);
    if (known) return known;
    const fresh = { pre: [], post: [] };
    this.#bySession.set(session, fresh);
    return fresh;
  }
}
