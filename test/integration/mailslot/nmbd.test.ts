// Samba hears us, and we hear Samba: its nmbd is local master browser of the subnet, in a namespace of its own.
import { afterAll, describe, expect, test } from 'vitest';
import { announcement } from './browser.ts';
import { hostProcess } from './host-process.ts';
import { hasNmbd, startNmbd } from './nmbd.ts';
import { hasNamespaces, namespaces } from './subnet.ts';

const shown =
  hasNmbd('that Samba reads what we write to \\MAILSLOT\\BROWSE, and we what it writes') && hasNamespaces('the same: nmbd needs a subnet of its own');
const opcode = { announcementRequest: 0x02, requestElection: 0x08, domainAnnouncement: 0x0c, localMasterAnnouncement: 0x0f };

describe.skipIf(!shown)('nmbd', () => {
  const subnet = namespaces(['master', 'kettle', 'fridge']);
  afterAll(async () => await subnet[Symbol.asyncDispose]());

  test('S-007 S-026 what we announce shows up in the browse list of Samba, and a slot of ours gets what Samba announces', async () => {
    const at = async (name: 'kettle' | 'fridge') =>
      await hostProcess(subnet.place(name), {
        primaryDomain: 'office',
        network: {
          format: 'ms-mail',
          addresses: [subnet.place(name).address],
          ...(subnet.broadcast !== undefined && { broadcast: subnet.broadcast }),
        },
      });
    await using kettle = await at('kettle');
    await using fridge = await at('fridge');
    await kettle.create('browse');
    await using nmbd = await startNmbd(subnet.place('master'), 'OFFICE');

    // It is elected by nobody's objection, which takes some twenty seconds; announcements before that are for nobody.
    const heard: { readonly host: string; readonly address: string; readonly opcode: number; readonly text: string }[] = [];
    await expect
      .poll(
        async () => {
          await kettle.write('\\\\*\\mailslot\\browse', announcement('kettle', 'the kettle is on'));
          await fridge.write('\\\\*\\mailslot\\browse', announcement('fridge', ''));
          for (const { data, datagram } of await kettle.readAll('browse'))
            heard.push({
              host: datagram?.host ?? '',
              address: datagram?.address ?? '',
              opcode: data[0] ?? 0,
              text: Buffer.from(data).toString('latin1'),
            });
          return (await nmbd.browseList()).map(({ name, comment, workgroup }) => `${workgroup} ${name} ${comment}`).sort();
        },
        { timeout: 90_000, interval: 1_000, message: 'the browse list' },
      )
      .toEqual(expect.arrayContaining(['OFFICE FRIDGE ', 'OFFICE KETTLE the kettle is on', 'OFFICE MASTER the stranger']));
    const kettleThere = (await nmbd.browseList()).find(({ name }) => name === 'KETTLE');
    expect((kettleThere?.type ?? 0) & 3).toBe(3);

    const ofMaster = heard.filter(({ host }) => host === 'MASTER');
    expect(new Set(ofMaster.map(({ address }) => address))).toEqual(new Set([subnet.place('master').address]));
    const byOpcode = (wanted: number) => ofMaster.find((one) => one.opcode === wanted)?.text ?? '';
    expect(byOpcode(opcode.requestElection)).toContain('MASTER');
    expect(byOpcode(opcode.announcementRequest)).toContain('MASTER');
    expect(byOpcode(opcode.localMasterAnnouncement)).toContain('the stranger');
    // To all master browsers of the subnet, by the name __MSBROWSE__.
    expect(byOpcode(opcode.domainAnnouncement)).toContain('OFFICE');
  });
});
