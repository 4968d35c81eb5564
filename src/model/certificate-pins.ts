/** Digests by which a Gateway knows its clients' certificates (GW-019), in the forms that Envoy reads. */

/** `verifyCertificateSpki`: SHA-256 of a public key in base64. */
export const isPublicKeyPin = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text);
/** `verifyCertificateHash`: SHA-256 of a certificate in hexadecimal digits, with or without colons. */
export const isCertificatePin = (text: string): boolean => /^[0-9a-fA-F]{2}(?:(?:[0-9a-fA-F]{2}){31}|(?::[0-9a-fA-F]{2}){31})$/.test(text);
