// The outer form of a TNEF stream: a signature, a key, and attributes of the message and of its attachments, each with a
// checksum ([MS-OXTNEF] 2.1.1 to 2.1.3).
import { ByteReader, Damaged } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const signature = 0x223e9f78;
const mostAttributes = 20_000;
const leastAttribute = 11;

export const levels = { message: 1, attachment: 2 } as const;

/** The ids of [MS-OXTNEF] 2.1.3.2 that mean something here: the type is in the upper half. */
export const attributeIds = {
  tnefVersion: 0x00089006,
  oemCodepage: 0x00069007,
  messageClass: 0x00078008,
  priority: 0x0004800d,
  subject: 0x00018004,
  body: 0x0002800c,
  messageProperties: 0x00069003,
  recipientTable: 0x00069004,
  attachRenderData: 0x00069002,
  attachData: 0x0006800f,
  attachTitle: 0x00018010,
  attachTransportFilename: 0x00069001,
  attachment: 0x00069005,
} as const;

export interface Attribute {
  readonly level: number;
  readonly id: number;
  readonly data: Uint8Array;
}

/** @throws Damaged */
export function readStream(bytes: Uint8Array): { readonly key: number; readonly attributes: readonly Attribute[] } {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== signature) throw new Damaged('the signature of TNEF is missing');
  const key = reader.u16();
  const attributes: Attribute[] = [];
  // What is shorter than any attribute is padding that the transport added.
  while (reader.left >= leastAttribute || (reader.left > 0 && attributes.length === 0)) {
    if (attributes.length >= mostAttributes) throw new Damaged(`more than ${mostAttributes} attributes`);
    attributes.push(readAttribute(reader));
  }
  return { key, attributes };
}

function readAttribute(reader: ByteReader): Attribute {
  const level = reader.u8();
  if (level !== levels.message && level !== levels.attachment) throw new Damaged(`an attribute has the level ${level}`);
  const id = reader.u32();
  const data = reader.take(reader.u32());
  if (reader.u16() !== checksum(data)) throw new Damaged(`the checksum of attribute ${id.toString(16)} is wrong`);
  return { level, id, data };
}

export function writeStream(key: number, attributes: readonly Attribute[]): Uint8Array {
  const writer = new ByteWriter().u32(signature).u16(key);
  for (const { level, id, data } of attributes) writer.u8(level).u32(id).u32(data.length).bytes(data).u16(checksum(data));
  return writer.end();
}

function checksum(data: Uint8Array): number {
  let sum = 0;
  for (const byte of data) sum += byte;
  return sum & 0xffff;
}
