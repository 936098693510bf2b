// Where a folder stands, as it is written in the same commit as each message: which UIDs are done, and what is still
// owed to the server. One profile section per folder; what cannot be read counts as lost (U-047).
import { isMailspoolError, type Instant, type ProfileSection, type SpoolerSupport } from 'mailspool/provider';

export interface FolderPosition {
  readonly uidValidity: string;
  /** Every lower UID is done, except `gaps` and `setAside`. */
  readonly next: number;
  /** Lower UIDs may be known under other names: their digest is asked for, and `since` holds for them. */
  readonly settleBelow: number;
  /** Earlier messages are history that nobody asked for (INTERNALDATE). */
  readonly since?: Instant;
  /** UIDs that were passed over because the server did not show them yet, and until when they may still appear (U-046). */
  readonly gaps: readonly { readonly uid: number; readonly until: Instant }[];
  /** Saved here, not yet acknowledged there (T-052). */
  readonly unacknowledged: readonly number[];
  /** The server could not give them out; tried again with each connection. */
  readonly setAside: readonly number[];
}

/** The most UIDs in one of the lists; beyond it the oldest are dropped. */
const listBound = 200;

/** So many passed-over UIDs are noted at once. */
const mostMissing = 100;

export const bounded = <T>(list: readonly T[]): readonly T[] => list.slice(-listBound);

/** Once the message is done. `owed`: the server still has to be told. */
export function positionAfter(position: FolderPosition, uid: number, owed: boolean): FolderPosition {
  const without = (uids: readonly number[]): readonly number[] => uids.filter((other) => other !== uid);
  return {
    ...position,
    next: Math.max(position.next, uid + 1),
    gaps: position.gaps.filter((gap) => gap.uid !== uid),
    setAside: without(position.setAside),
    unacknowledged: owed ? bounded([...without(position.unacknowledged), uid]) : position.unacknowledged,
  };
}

/** The UIDs from `from` on that lie below the last one found and were not found; the newest few. */
export function missingUids(found: readonly number[], from: number): readonly number[] {
  const there = new Set(found);
  const missing: number[] = [];
  for (let uid = (found.at(-1) ?? 0) - 1; uid >= from && missing.length < mostMissing; uid--) if (!there.has(uid)) missing.unshift(uid);
  return missing;
}

export class PositionSection {
  readonly #support: SpoolerSupport;
  readonly #name: string;
  readonly key: string;
  #position: FolderPosition | undefined;
  #dirty = false;

  static async open(support: SpoolerSupport, folder: string): Promise<PositionSection> {
    const name = `position/${folder}`;
    return new PositionSection(support, name, await support.openProfileSection(name, 'write'));
  }

  private constructor(support: SpoolerSupport, name: string, section: ProfileSection) {
    this.#support = support;
    this.#name = name;
    this.key = section.key;
    this.#position = positionOf(section.values);
  }

  get position(): FolderPosition | undefined {
    return this.#position;
  }

  /** Changes it in memory; `save` or the next message's commit writes it. */
  change(position: FolderPosition): void {
    this.#position = position;
    this.#dirty = true;
  }

  /** It was written together with a message. */
  committed(position: FolderPosition): void {
    this.#position = position;
    this.#dirty = false;
  }

  /** Writes what changed without a message. Only this session writes here, so a conflict means an old view: once more. */
  async save(): Promise<void> {
    for (let attempt = 1; this.#dirty && this.#position !== undefined; attempt++) {
      const position = this.#position;
      const section = await this.#support.openProfileSection(this.#name, 'write');
      try {
        await section.save(valuesOf(position));
        this.#dirty = this.#position !== position;
      } catch (error) {
        if (attempt > 2 || !isMailspoolError(error) || error.code !== 'ECONFLICT') throw error;
      }
    }
  }
}

export const valuesOf = (position: FolderPosition): ProfileSection['values'] => ({ ...position });

function positionOf(values: ProfileSection['values']): FolderPosition | undefined {
  const { uidValidity, next, settleBelow, since } = values;
  if (typeof uidValidity !== 'string' || !isUid(next) || !isUid(settleBelow)) return undefined;
  return {
    uidValidity,
    next,
    settleBelow,
    ...(typeof since === 'number' ? { since } : {}),
    gaps: listOf(values['gaps']).filter((gap): gap is { uid: number; until: Instant } => isGap(gap)),
    unacknowledged: listOf(values['unacknowledged']).filter(isUid),
    setAside: listOf(values['setAside']).filter(isUid),
  };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? bounded(value) : []);
const isUid = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const isGap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'uid' in value && isUid(value.uid) && 'until' in value && typeof value.until === 'number';
