const [A, B, C] = [0x85eb_ca6b, 0xc2b2_ae35, 0x2745_9bb5];

/**
 * 16 hex digits, the same for the same text: a span that is sent again must become an equal document. Both halves are
 * 32-bit hashes in the manner of MurmurHash; the page has no synchronous hash of the platform's.
 */
export function derivedId(text: string): string {
  let high = 0x9747_b28c ^ text.length;
  let low = 0x5bd1_e995 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, A);
    low = Math.imul(low ^ unit, B);
    high ^= high >>> 13;
    low ^= low >>> 15;
  }
  high = Math.imul(high ^ (low >>> 16), C);
  low = Math.imul(low ^ (high >>> 13), A);
  const id = hex(high ^ (high >>> 16)) + hex(low ^ (low >>> 15));
  return id === '0000000000000000' ? '0000000000000001' : id;
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}
