// The position of a folder as it stands in the profile, and the names of messages.
import { describe, expect, test } from 'vitest';
import { PositionSection, valuesOf, type FolderPosition } from '../../../providers/imap/position.ts';
import { digestAlias, emailIdAlias, referenceOf } from '../../../providers/imap/references.ts';
import { Spool } from '../../../src/testing/provider-suite/inbound-message.ts';

const position: FolderPosition = {
  uidValidity: '7',
  next: 10,
  settleBelow: 1,
  since: 5,
  gaps: [{ uid: 4, until: 99 }],
  unacknowledged: [9],
  setAside: [3],
};

describe('position of a folder', () => {
  test('M-010 it comes back as it was written, in a section of its own', async () => {
    const spool = new Spool();
    const section = await PositionSection.open(spool.support(), 'INBOX');
    section.change(position);
    await section.save();
    expect((await PositionSection.open(spool.support(), 'INBOX')).position).toEqual(position);
    expect((await PositionSection.open(spool.support(), 'Other')).position).toBeUndefined();
  });

  test('it can be saved after a message was committed with it, although the section has a newer version then', async () => {
    const spool = new Spool();
    const section = await PositionSection.open(spool.support(), 'INBOX');
    section.change(position);
    await section.save();
    spool.commit(
      { reference: 'r', aliases: [], bytes: Buffer.alloc(0), announced: true, headersOnly: false, properties: {} },
      { key: section.key, values: valuesOf({ ...position, next: 11 }) },
    );
    section.committed({ ...position, next: 11 });
    section.change({ ...position, next: 12 });
    await section.save();
    expect((await PositionSection.open(spool.support(), 'INBOX')).position?.next).toBe(12);
  });

  test.each([
    [{}],
    [{ ...position, uidValidity: 7 }],
    [{ ...position, next: 'x' }],
    [{ ...position, next: -1 }],
    [{ ...position, settleBelow: undefined }],
  ])('U-047 what cannot be read counts as lost: %j', async (values) => {
    const spool = new Spool();
    const section = await PositionSection.open(spool.support(), 'INBOX');
    spool.sections.set(section.key, { version: 1, values });
    expect((await PositionSection.open(spool.support(), 'INBOX')).position).toBeUndefined();
  });

  test('lists that were written wrongly are cleaned, and are bounded', async () => {
    const spool = new Spool();
    const section = await PositionSection.open(spool.support(), 'INBOX');
    const many = Array.from({ length: 1_000 }, (_, index) => index + 1);
    spool.sections.set(section.key, { version: 1, values: { ...position, gaps: [1, { uid: 2 }, null], unacknowledged: many, setAside: 'no' } });
    const read = (await PositionSection.open(spool.support(), 'INBOX')).position;
    expect(read).toMatchObject({ gaps: [], setAside: [] });
    expect(read?.unacknowledged.length).toBeLessThanOrEqual(200);
  });
});

describe('names of messages', () => {
  test('M-074 a reference is unambiguous whatever the folder is called', () => {
    expect(referenceOf('INBOX', '7', 42)).toBe('INBOX;UIDVALIDITY=7;UID=42');
    expect(referenceOf('a;UIDVALIDITY=1;UID=1 %', '7', 42)).toBe('a%3BUIDVALIDITY=1%3BUID=1%20%25;UIDVALIDITY=7;UID=42');
  });

  test('U-048 aliases say what they are', () => {
    expect([emailIdAlias('M1'), digestAlias('ab', 1), digestAlias('ab', 2)]).toEqual(['EMAILID=M1', 'SHA-256=ab', 'SHA-256=ab;COPY=2']);
  });
});
