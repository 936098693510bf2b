// Whether IPv6 works here; what is not shown without it is said aloud.
import { spawnSync } from 'node:child_process';

export const hasIpv6Loopback = (whatIsNotShown: string): boolean =>
  works(`socket.bind(0, '::1', () => socket.send('x', socket.address().port, '::1'))`, 'IPv6 on the loopback', whatIsNotShown);

export const hasIpv6Multicast = (whatIsNotShown: string): boolean =>
  works(
    `socket.bind(0, '::', () => {
      socket.addMembership('ff12::1:2:3:4');
      socket.setMulticastTTL(0);
      socket.send('x', socket.address().port, 'ff12::1:2:3:4');
    })`,
    'IPv6 multicast on the default interface',
    whatIsNotShown,
  );

/** In a process of its own, since tests are chosen before anything can be awaited. */
function works(probe: string, what: string, whatIsNotShown: string): boolean {
  const program = `
    const socket = require('node:dgram').createSocket('udp6');
    socket.on('error', () => process.exit(1));
    socket.on('message', () => process.exit(0));
    setTimeout(() => process.exit(1), 500);
    ${probe};
  `;
  const found = spawnSync(process.execPath, ['-e', program], { stdio: 'ignore' }).status === 0;
  if (!found) process.stderr.write(`skipped, ${what} does not work here: ${whatIsNotShown}\n`);
  return found;
}
