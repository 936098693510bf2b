// Our ms-mail datagrams, read by Wireshark.
import { seededRandom } from 'mailspool/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { maxWriteBytes } from '../../../providers/mailslot/wire/mailslot-write.ts';
import { msMailFormat } from '../../../providers/mailslot/wire/ms-mail-frame.ts';
import { announcement } from './browser.ts';
import { hostProcess } from './host-process.ts';
import { hasNamespaces, namespaces } from './subnet.ts';
import { capture, decoded, hasTshark } from './tshark.ts';

const shown = hasTshark('that Wireshark reads ms-mail datagrams as SMB mailslot writes');
const format = msMailFormat(seededRandom(1), { sourceAddress: '192.0.2.1', sourcePort: 138 });
const transaction = '0x25';
const writeMailslot = '1';
/** RFC 1002 section 4.4.1: 0x10 and 0x11. */
const direct = { unique: '16', group: '17' };

describe.skipIf(!shown)('tshark', () => {
  test('S-024 datagrams of every length of name and data are SMB mailslot writes, with our names and data, and none is malformed', async () => {
    const wanted = Array.from({ length: 200 }, (_, number) => {
      const path = number % 3 === 0 ? ['n'.repeat(1 + (number % 40))] : ['dir', 'n'.repeat(1 + (number % 20))];
      const most = maxWriteBytes(path);
      const size = number % 4 === 0 ? most : (number * 37) % most;
      return {
        path,
        data: Buffer.alloc(size, number),
        target: 't'.repeat(1 + (number % 15)),
        scope: number % 2 ? ('host' as const) : ('domain' as const),
      };
    });
    const packets = await decoded(wanted.map((one) => format.encode({ ...one, source: 'ann' })));
    expect(packets).toHaveLength(wanted.length);
    for (const [index, { path, data, target, scope }] of wanted.entries()) {
      const packet = packets[index];
      expect(packet).toMatchObject({
        type: scope === 'host' ? direct.unique : direct.group,
        sourceAddress: '192.0.2.1',
        source: 'ANN<00>',
        destination: `${target.toUpperCase()}<00>`,
        command: transaction,
        opcode: writeMailslot,
        mailslot: `\\MAILSLOT\\${path.join('\\')}`,
        setupWords: '3',
        dataBytes: String(data.length),
        malformed: '',
      });
      expect(packet?.protocols).toContain('nbdgm:smb');
      expect(packet?.data).toBe(data.toString('hex'));
    }
  });

  test('a host announcement is one of the browser protocol, to the local master browser', async () => {
    const data = announcement('kettle', 'the kettle is on');
    const [packet] = await decoded([format.encode({ source: 'kettle', scope: 'domain', target: 'office', path: ['BROWSE'], data })]);
    expect(packet).toMatchObject({
      source: 'KETTLE<00>',
      destination: 'OFFICE<1d>',
      mailslot: '\\MAILSLOT\\BROWSE',
      browserCommand: '0x01',
      browserServer: 'KETTLE',
      browserComment: 'the kettle is on',
      malformed: '',
    });
  });
});

describe.skipIf(!shown || !hasNamespaces('that Wireshark reads what it captures on an interface: it reads a file instead'))(
  'tshark on an interface',
  () => {
    const subnet = namespaces(['ann', 'bob']);
    afterAll(async () => await subnet[Symbol.asyncDispose]());

    test('S-007 S-024 what goes over the wire between two computers is what we meant to say', async () => {
      await using captured = await capture(subnet.place('bob'), 'udp port 138', 2);
      if (!captured) return void process.stderr.write('skipped: that what is captured on an interface is decoded, too\n');
      const at = async (name: 'ann' | 'bob') =>
        await hostProcess(subnet.place(name), {
          primaryDomain: 'office',
          network: {
            format: 'ms-mail',
            addresses: [subnet.place(name).address],
            hosts: { bob: subnet.place('bob').address },
            broadcast: '10.77.0.255',
          },
        });
      await using ann = await at('ann');
      await using bob = await at('bob');
      await bob.create('taxes\\bob');
      await ann.write('\\\\bob\\mailslot\\taxes\\bob', 'due today');
      await ann.write('\\\\*\\mailslot\\taxes\\bob', Buffer.alloc(420, 7));
      await expect.poll(async () => (await bob.hub()).counters.delivered).toBe(2);
      const packets = await captured.packets();
      expect(packets).toMatchObject([
        {
          type: direct.unique,
          source: 'ANN<00>',
          destination: 'BOB<00>',
          mailslot: '\\MAILSLOT\\taxes\\bob',
          data: Buffer.from('due today').toString('hex'),
          malformed: '',
        },
        {
          type: direct.group,
          source: 'ANN<00>',
          destination: 'OFFICE<00>',
          mailslot: '\\MAILSLOT\\taxes\\bob',
          data: '07'.repeat(420),
          malformed: '',
        },
      ]);
    });
  },
);
