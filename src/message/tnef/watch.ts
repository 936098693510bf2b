// Notices on the way of a message whether it might hold TNEF, so that only such a message is ever looked at as a whole.

const sign = /ms-tnef/i;
const longestSign = 8;

export class TnefWatch {
  seen = false;
  sizeBytes = 0;
  #tail = '';

  see(chunk: Uint8Array): void {
    this.sizeBytes += chunk.byteLength;
    if (this.seen) return;
    const text = this.#tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    this.seen = sign.test(text);
    this.#tail = text.slice(-longestSign);
  }
}
