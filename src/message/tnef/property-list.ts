// MAPI properties laid end to end, as attMsgProps, attAttachment and each row of attRecipTable hold them ([MS-OXTNEF]
// 2.1.3.4). Types that nothing here reads are kept as their bytes.
import { type ByteReader, Damaged } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** Types of [MS-OXCDATA] 2.11.1. */
export const types = {
  integer16: 0x0002,
  integer32: 0x0003,
  float: 0x0004,
  double: 0x0005,
  currency: 0x0006,
  appTime: 0x0007,
  error: 0x000a,
  boolean: 0x000b,
  object: 0x000d,
  integer64: 0x0014,
  string8: 0x001e,
  string: 0x001f,
  time: 0x0040,
  guid: 0x0048,
  binary: 0x0102,
} as const;

const multiple = 0x1000;
const firstNamed = 0x8000;
const mostProperties = 20_000;
const mostValues = 100_000;
const leastProperty = 8;

/** What a value is; text of the type string8 waits for its code page, other bytes stay bytes. */
export type PropertyValue = number | bigint | boolean | string | Uint8Array;

export interface Property {
  readonly id: number;
  readonly type: number;
  /** Of a named property: its set, and its name or number. */
  readonly name?: { readonly set: string; readonly name: string | number };
  readonly values: readonly PropertyValue[];
}

/** @throws Damaged */
export function readProperties(reader: ByteReader): Property[] {
  return Array.from({ length: reader.count(leastProperty, mostProperties) }, () => readProperty(reader));
}

function readProperty(reader: ByteReader): Property {
  const tag = reader.u16();
  const id = reader.u16();
  const name = id >= firstNamed ? readName(reader) : undefined;
  const type = tag & ~multiple;
  const isCounted = (tag & multiple) !== 0 || isVariable(type);
  const count = isCounted ? reader.count(4, mostValues) : 1;
  const values = Array.from({ length: count }, () => readValue(reader, type));
  return { id, type, values, ...(name && { name }) };
}

function readName(reader: ByteReader): NonNullable<Property['name']> {
  const set = reader.take(16).toString('hex');
  const kind = reader.u32();
  if (kind === 0) return { set, name: reader.u32() };
  if (kind !== 1) throw new Damaged(`a property has a name of the kind ${kind}`);
  return { set, name: unicode(readSized(reader)) };
}

const isVariable = (type: number): boolean => type === types.string8 || type === types.string || type === types.binary || type === types.object;

function readValue(reader: ByteReader, type: number): PropertyValue {
  switch (type) {
    case types.integer16:
      return reader.u32() & 0xffff;
    case types.boolean:
      return (reader.u32() & 0xffff) !== 0;
    case types.integer32:
      return reader.i32();
    case types.float:
    case types.error:
      return reader.take(4);
    case types.double:
      return reader.double();
    case types.currency:
    case types.appTime:
      return reader.take(8);
    case types.integer64:
    case types.time:
      return reader.u64();
    case types.guid:
      return reader.take(16);
    case types.string:
      return unicode(readSized(reader));
    case types.string8:
    case types.binary:
    case types.object:
      return readSized(reader);
    default:
      throw new Damaged(`a property has the unknown type ${type.toString(16)}`);
  }
}

function readSized(reader: ByteReader): Buffer {
  const length = reader.u32();
  const bytes = reader.take(length);
  reader.skipPadding(length);
  return bytes;
}

const unicode = (bytes: Buffer): string => untilNull(bytes.subarray(0, bytes.length & ~1).toString('utf16le'));

/** Text ends at its terminator, which need not be there. */
export function untilNull(text: string): string {
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

export function writeProperties(properties: readonly Property[], writer: ByteWriter = new ByteWriter()): ByteWriter {
  writer.u32(properties.length);
  for (const property of properties) writeProperty(writer, property);
  return writer;
}

function writeProperty(writer: ByteWriter, { id, type, name, values }: Property): void {
  writer.u16(type).u16(id);
  if (name) writeName(writer, name);
  if (isVariable(type)) writer.u32(values.length);
  for (const value of values) writeValue(writer, type, value);
}

function writeName(writer: ByteWriter, { set, name }: NonNullable<Property['name']>): void {
  writer.bytes(Buffer.from(set, 'hex'));
  if (typeof name === 'number') writer.u32(0).u32(name);
  else writer.u32(1).sized(Buffer.from(`${name}\0`, 'utf16le'));
}

function writeValue(writer: ByteWriter, type: number, value: PropertyValue): void {
  if (typeof value === 'bigint') writer.u64(value);
  else if (typeof value === 'boolean') writer.u32(value ? 1 : 0);
  else if (typeof value === 'string') writer.sized(Buffer.from(`${value}\0`, 'utf16le'));
  else if (typeof value !== 'number') writer.sized(value);
  else if (type === types.double) writer.double(value);
  else writer.i32(value);
}
