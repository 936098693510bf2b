// A message with a winmail.dat, as one that Outlook sends.

/** `correlator`: undefined for a header that does not say whose TNEF it has. */
export function inboundMail(tnef: Uint8Array, correlator?: string): Buffer {
  const lines = Buffer.from(tnef).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return Buffer.from(
    `From: ann@harbour.example\r\n${correlator === undefined ? '' : `X-MS-TNEF-Correlator: ${correlator}\r\n`}Subject: Berth 7\r\nMIME-Version: 1.0\r\n` +
      'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n\r\n--b\r\n' +
      'Content-Type: APPLICATION/MS-TNEF; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
      `${lines}\r\n--b--\r\nepilogue\r\n`,
    'latin1',
  );
}
