/** The types that the functions of this room share. */

/** A secret: exactly one of the two. */
export interface Secret {
  /** AES-GCM key of 256 bits with the usages "encrypt" and "decrypt"; need not be extractable. */
  key?: CryptoKey;
  /**
   * Text from which a key is derived by PBKDF2-SHA-256: 600,000 iterations, a random salt of 16
   * bytes that is kept with the data; UTF-8 of its NFC form. It takes a fraction of a second, once.
   */
  passphrase?: string;
}
